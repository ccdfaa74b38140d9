import { createOpenApiDocument } from '../../src/http/openapi.js';
import { read } from '../support/repository.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('openapi.json', () => {
  let server: TestApp;
  let published: unknown;
  beforeAll(async () => {
    server = await startTestApp();
    published = await (await fetch(`${server.url}/openapi.json`)).json();
  });
  afterAll(() => server.close());

  it('describes this server, as `npm run generate` writes it', () => {
    const described: unknown = JSON.parse(JSON.stringify(createOpenApiDocument(server.app)));
    expect(JSON.parse(read('openapi.json'))).toEqual(described);
  });

  it('is what a running server publishes', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument(server.app))));
  });

  it('describes what people call, and nothing of the sandbox', () => {
    const paths = Object.keys((published as { paths: object }).paths);
    expect(paths).toContain('/v1/auth/wechat/login');
    expect(paths.filter((path) => path.startsWith('/sandbox') || path.startsWith('/sns'))).toEqual([]);
  });
});
