import { FlowPhone } from './flow-phone.js';
import { startShop } from './shop-server.js';
import type { TestServer } from './test-server.js';
import { WxPhone } from './wx-runtime/wx-phone.js';

/** The shop's server, and phones of people on which the mini-programs of `examples/` run. */
export class FlowStage {
  private constructor(readonly server: TestServer) {}

  static async open(environment: NodeJS.ProcessEnv = {}): Promise<FlowStage> {
    return new FlowStage(await startShop(environment));
  }

  /** A new phone of somebody: nothing is stored on it. */
  phone(user: string): FlowPhone {
    return new FlowPhone(this.server, new WxPhone({ wechat: this.server.wechat, user }));
  }

  close(): Promise<void> {
    return this.server.close();
  }
}
