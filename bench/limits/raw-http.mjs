// Limit: node:http that answers every request with the same bytes.
import { createServer } from 'node:http';

const { PORT, BODY, CONTENT_TYPE } = process.env;
const headers = { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(BODY) };

createServer((_request, response) => {
  response.writeHead(200, headers);
  response.end(BODY);
}).listen(Number(PORT), '127.0.0.1');
