import express from 'express';
import { Refusal, passportAt } from './passport.js';
import { answerRefusals, requireUser } from './require-user.js';

const { PASSPORT_URL, PASSPORT_CLIENT_ID, PASSPORT_CLIENT_SECRET, TOKEN_ISSUER, TOKEN_AUDIENCE, PORT } = process.env;

const passport = passportAt({
  url: PASSPORT_URL,
  issuer: TOKEN_ISSUER,
  audience: TOKEN_AUDIENCE,
  clientId: PASSPORT_CLIENT_ID,
  clientSecret: PASSPORT_CLIENT_SECRET,
});
const signedIn = requireUser(passport);
const stillSignedIn = requireUser(passport, { strict: true });

const app = express();

app.get('/menu', (_request, response) => {
  response.json(['tea', 'noodles']);
});

app.get('/orders', signedIn, ({ caller }, response) => {
  response.json({ userId: caller.userId, appId: caller.appId, orders: [] });
});

app.post('/orders/pay', stillSignedIn, ({ caller }, response) => {
  response.json({ paidBy: caller.userId });
});

app.get('/profile', signedIn, async ({ caller }, response) => {
  const user = await passport.findUser(caller.userId);
  if (!user) throw new Refusal(404, 'NOT_FOUND', 'fix-request');
  response.json(user);
});

app.use(answerRefusals);

const server = app.listen(PORT ?? 4000, '127.0.0.1', () => {
  console.log(`The shop is at http://127.0.0.1:${server.address().port}`);
});
process.once('SIGTERM', () => server.close());
