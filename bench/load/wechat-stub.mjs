// WeChat as far as code2Session goes, answering at once: the openid is what stands before the first dot of the code.
import { createServer } from 'node:http';

const SESSION_KEY = Buffer.from('0123456789abcdef').toString('base64');

const server = createServer((request, response) => {
  const code = /[?&]js_code=([^&]*)/.exec(request.url)?.[1];
  const openid = code?.split('.')[0];
  const body = openid
    ? `{"openid":"${openid}","session_key":"${SESSION_KEY}"}`
    : '{"errcode":40029,"errmsg":"invalid code"}';
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
