import { ERROR_CATALOG } from '../dist/errors/catalog.js';
import { AUTHORIZED_APIS, ERRCODE_MEANINGS } from '../dist/wechat/errcodes.js';
import { WECHAT_APIS } from '../dist/wechat/wechat-call.js';

/** Renders what each errcode of WeChat means here, for operators who find one in the log. */
export function renderWechatErrcodes() {
  const rows = [...ERRCODE_MEANINGS]
    .sort((a, b) => a.errcode - b.errcode)
    .map(
      ({ errcode, apis, code, mover, meaning }) =>
        `| ${errcode} | ${calls(apis)} | ${meaning} | \`${code}\` | ${ERROR_CATALOG[code].remedy} | ${mover} |`,
    );
  return `<!-- Generated from src/wechat/errcodes.ts by "npm run generate". Do not edit. -->

# WeChat's errcodes

What this server makes of an errcode that WeChat answers. The log names the errcode, the call and the app; the client sees only the code
of [errors.md](errors.md) and its remedy. An errcode that is not listed for a call is \`WECHAT_MISCONFIGURED\`: the operator's move, never
blamed on the user.

The refusals of an access_token (40001, 40014, 42001) are not the end: the token is dropped, another one fetched and the call
repeated once before anybody hears of it.

| errcode | calls | meaning | code | remedy | whose move |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function calls(apis) {
  if (apis.length === WECHAT_APIS.length) return 'all';
  if (apis.length === AUTHORIZED_APIS.length) return 'all with an access_token';
  return apis.map((api) => `\`${api}\``).join(', ');
}
