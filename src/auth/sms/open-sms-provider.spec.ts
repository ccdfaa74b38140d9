import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerSettings } from '../../config/settings.js';
import { createLogger } from '../../logging/logger.js';
import { ConsoleSmsProvider } from './console-sms-provider.js';
import { openSmsProvider } from './open-sms-provider.js';

describe('the SMS provider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-passport-sms-'));
  const logs: string[] = [];
  const logger = createLogger('trace', { write: (line: string) => void logs.push(line) });
  const open = (providerModule: string | null, production = false) =>
    openSmsProvider({ providerModule }, { production } as ServerSettings, logger);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is the console in development', async () => {
    expect(await open(null)).toBeInstanceOf(ConsoleSmsProvider);
    expect(logs).toEqual([]);
  });

  it('is nobody in production, which says so', async () => {
    expect(await open(null, true)).toBeNull();
    expect(logs.join('')).toContain('sign-in by SMS is off');
  });

  it('is the default export of the module that is named', async () => {
    const path = join(folder, 'provider.mjs');
    writeFileSync(path, 'export default { send: async () => "sent" };');
    const provider = await open(path, true);
    const message = { phone: '+8613800138000', code: '123456', validMinutes: 10 };
    expect(await provider!.send(message, AbortSignal.timeout(1000))).toBe('sent');
  });

  it.each([
    ['is not there', null, /cannot be loaded/],
    ['is no JavaScript', 'export default {', /cannot be loaded/],
    ['has no default export', 'export const send = () => undefined;', /no function `send`/],
    ['exports something else', 'export default { send: "by pigeon" };', /no function `send`/],
  ])('is a configuration error when the module %s', async (what, text, message) => {
    const path = join(folder, `${what.replaceAll(/\W/g, '-')}.mjs`);
    if (text !== null) writeFileSync(path, text);
    await expect(open(path)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(message),
    });
  });
});
