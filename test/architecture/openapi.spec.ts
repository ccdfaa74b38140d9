import type { OpenAPIObject } from '@nestjs/swagger';
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
    // Where the server is, its operator knows: the file does not say.
    const { servers, ...described } = JSON.parse(JSON.stringify(createOpenApiDocument(server.app))) as OpenAPIObject;
    expect(servers).toEqual([]);
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
