const KEY = 'cookie';

/** Carries requests with the cookie of the last answer: a mini-program keeps none by itself. */
exports.cookieTransport = (platform) => (request) =>
  new Promise((resolve, reject) => {
    const { sid, ...header } = request.header;
    const cookie = platform.getStorageSync(KEY);
    const task = platform.request({
      ...request,
      header: cookie ? { ...header, Cookie: cookie } : header,
      success(response) {
        keepCookie(platform, response.header);
        resolve(response);
      },
      fail: reject,
    });
    request.onTask(task);
  });

/** Phones spell the header's name in different ways. A cookie without a value is one that was taken away. */
function keepCookie(platform, header) {
  const name = Object.keys(header).find((key) => key.toLowerCase() === 'set-cookie');
  if (!name) return;
  const [cookie] = String(header[name]).split(';');
  platform.setStorageSync(KEY, cookie.endsWith('=') ? '' : cookie);
}
