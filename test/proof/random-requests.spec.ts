import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { ApiOkResponse, ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import fc from 'fast-check';
import { createHttpApp } from '../../src/configure-app.js';
import { createOpenApiDocument } from '../../src/http/openapi.js';
import { createLogger } from '../../src/logging/logger.js';
import { answerFaults } from '../support/answer-faults.js';
import { HostileCast } from '../support/hostile-cast.js';
import { plannedRequest, requestPlans, type RequestPlan } from '../support/hostile-requests.js';
import { Api, titleOf } from '../support/openapi.js';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import type { Answer } from '../support/test-server.js';

const REQUESTS = times(500, 10_000);
// What the careless server below gets to answer something wrong.
const CONTROL_REQUESTS = 500;

type Send = (plan: RequestPlan) => Promise<Answer>;

/** Every answer keeps what the document promises. */
const keepsItsWord = (api: Api, send: Send) =>
  fc.asyncProperty(requestPlans(api), async (plan) => {
    const answer = await send(plan);
    const title = titleOf({ ...plan.operation, method: plan.method });
    const operation = api.operations.find((one) => titleOf(one) === title) ?? null;
    const faults = answerFaults(api, operation, answer);
    if (faults.length > 0) throw new Error(`${title}: ${faults.join('; ')}: ${JSON.stringify(answer.body)}`);
  });

describe('whatever is sent to whatever route', () => {
  let cast: HostileCast;
  beforeAll(async () => {
    cast = await HostileCast.start();
  });
  afterAll(() => cast.close());

  it(
    'is answered as documented, and never with a 5xx',
    async () => {
      const counts = new Map<number, number>();
      const send: Send = async (plan) => {
        const { path, ...options } = plannedRequest(cast, cast.api, plan);
        const answer = await cast.send(plan, path, plan.credential, withoutUndefined(options));
        counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
        return answer;
      };
      await fc.assert(keepsItsWord(cast.api, send), { numRuns: REQUESTS, endOnFailure: true });
      console.info(`answers by status: ${JSON.stringify(Object.fromEntries(counts))}`);
      // Requests that are all refused at the door prove nothing.
      for (const status of [200, 204, 400, 401, 404]) expect(counts.get(status) ?? 0).toBeGreaterThan(REQUESTS / 200);
    },
    PROOF_TIMEOUT_MS,
  );
});

class ProbeDto {
  @ApiProperty()
  @IsString()
  readonly name!: string;
}

@Controller('probe')
class CarelessController {
  @Post('crash')
  @HttpCode(200)
  @ApiOkResponse({ type: ProbeDto })
  crash(@Body() { name }: ProbeDto): ProbeDto {
    if (/[^ -~]/.test(name)) throw new Error('a character nobody had thought of');
    return { name };
  }
}

@Controller('probe')
class TalkativeController {
  @Get('talk')
  @ApiOkResponse({ type: ProbeDto })
  talk(): object {
    return { name: 'x', openid: 'o1234' };
  }
}

@Module({ controllers: [CarelessController] })
class CarelessModule {}

@Module({ controllers: [TalkativeController] })
class TalkativeModule {}

describe('a careless server', () => {
  it.each([
    ['fails on a character nobody had thought of', CarelessModule, /the status is 500/],
    ['tells what is not documented', TalkativeModule, /openid is not documented/],
  ])('is found out when it %s', async (_what, module, fault) => {
    const app = await createHttpApp(module, { logger: createLogger('silent'), trustProxyHops: 0 });
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const api = new Api(JSON.parse(JSON.stringify(createOpenApiDocument(app))) as ConstructorParameters<typeof Api>[0]);
    const probe = { value: () => 'good', path: ({ path }: { path: string }) => path };
    const send: Send = async (plan) => {
      const { path, rawBody, headers } = plannedRequest(probe, api, plan);
      const body = rawBody === undefined ? {} : { body: rawBody };
      const response = await fetch(url + path, { method: plan.method, headers, ...body });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      return {
        status: response.status,
        headers: response.headers,
        body: isJson ? (JSON.parse(text) as unknown) : text,
      };
    };
    const result = await fc.check(keepsItsWord(api, send), { numRuns: CONTROL_REQUESTS });
    await app.close();
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(fault);
  });
});

function withoutUndefined({ rawBody, headers }: { rawBody: string | undefined; headers: Record<string, string> }) {
  return rawBody === undefined ? { headers } : { rawBody, headers };
}
