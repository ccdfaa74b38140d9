import fc from 'fast-check';
import { Journey, type JourneyOptions, type ServedSession } from './refresh-journey.js';

type Step = fc.AsyncCommand<Journey, ServedSession>;

function step(
  name: string,
  isPossible: (journey: Journey) => boolean,
  take: (journey: Journey, server: ServedSession) => Promise<void> | void,
): Step {
  return {
    toString: () => name,
    check: isPossible,
    run: async (journey, server) => {
      await take(journey, server);
      journey.expectUnharmed();
    },
  };
}

const delivered = (tab: number) =>
  step(
    `${nameOf(tab)} refreshes`,
    (journey) => journey.mayRefresh(tab),
    async (journey, server) => {
      const exchange = journey.send(tab);
      const [reply] = await journey.deliver(server, exchange);
      journey.client.receive(exchange, reply!);
    },
  );

const requestLost = (tab: number) =>
  step(
    `${nameOf(tab)} refreshes, its request does not arrive for now and it gives up`,
    (journey) => journey.mayRefresh(tab),
    (journey) => {
      journey.send(tab);
      journey.client.giveUp(tab);
    },
  );

const responseLost = (tab: number) =>
  step(
    `${nameOf(tab)} refreshes, the answer is lost`,
    (journey) => journey.mayRefresh(tab),
    async (journey, server) => {
      const exchange = journey.send(tab);
      await journey.deliver(server, exchange);
      journey.client.giveUp(tab);
    },
  );

const requestHeld = (tab: number) =>
  step(
    `${nameOf(tab)} refreshes, its request is held up`,
    (journey) => journey.mayRefresh(tab),
    (journey) => void journey.send(tab),
  );

const responseHeld = (tab: number) =>
  step(
    `${nameOf(tab)} refreshes, the answer is held up`,
    (journey) => journey.mayRefresh(tab),
    async (journey, server) => {
      const exchange = journey.send(tab);
      const [reply] = await journey.deliver(server, exchange);
      journey.hold(exchange, reply!);
    },
  );

const requestArrives = (index: number) =>
  step(
    `request ${index} under way arrives, again or at last`,
    (journey) => journey.hasRequests,
    async (journey, server) => {
      const exchange = journey.request(index);
      const [reply] = await journey.deliver(server, exchange);
      journey.client.receive(exchange, reply!);
    },
  );

const answerArrives = (index: number) =>
  step(
    `answer ${index} under way arrives`,
    (journey) => journey.hasReplies,
    (journey) => journey.receiveHeld(index),
  );

const requestDoubled = (tab: number) =>
  step(
    `${nameOf(tab)} refreshes, its request arrives twice at once`,
    (journey) => journey.mayRefresh(tab),
    async (journey, server) => {
      const exchange = journey.send(tab);
      const replies = await journey.deliver(server, exchange, exchange);
      for (const reply of replies) journey.client.receive(exchange, reply);
    },
  );

const bothTabs = () =>
  step(
    'both tabs refresh at once',
    (journey) => journey.tabs === 2 && journey.mayRefresh(0, 2) && journey.mayRefresh(1, 2),
    async (journey, server) => {
      const exchanges = [journey.send(0), journey.send(1)];
      const replies = await journey.deliver(server, ...exchanges);
      replies.forEach((reply, index) => journey.client.receive(exchanges[index]!, reply));
    },
  );

const refreshMeetsOld = (tab: number, index: number) =>
  step(
    `${nameOf(tab)} refreshes at the moment in which request ${index} under way arrives`,
    (journey) => journey.hasRequests && journey.mayRefresh(tab),
    async (journey, server) => {
      const old = journey.request(index);
      const exchange = journey.send(tab);
      const replies = await journey.deliver(server, exchange, old);
      journey.client.receive(exchange, replies[0]!);
      journey.client.receive(old, replies[1]!);
    },
  );

const restart = () =>
  step(
    'the client restarts',
    () => true,
    (journey) => {
      for (let tab = 0; tab < journey.tabs; tab += 1) journey.client.giveUp(tab);
    },
  );

const timePasses = (seconds: number) =>
  step(
    `${seconds} s pass`,
    () => true,
    (journey, server) => journey.letPass(server, seconds),
  );

function nameOf(tab: number): string {
  return `tab ${tab + 1}`;
}

// Around the 120 s of the protocol and in between; in steps of 5 s, so that the seconds a slow machine takes for a
// journey decide nothing. The idle time of a session is 30 days.
const SECONDS = [5, 20, 60, 60, 115, 120, 125, 7200, 43_200];

/** Journeys of up to `stepsMax` steps. */
export function journeys(stepsMax: number) {
  const tab = fc.nat({ max: 1 });
  const index = fc.nat({ max: 5 });
  return fc.commands(
    [
      tab.map(delivered),
      tab.map(requestLost),
      tab.map(responseLost),
      tab.map(requestHeld),
      tab.map(responseHeld),
      tab.map(requestDoubled),
      index.map(requestArrives),
      index.map(requestArrives),
      index.map(answerArrives),
      fc.constant(null).map(bothTabs),
      fc.tuple(tab, index).map(([which, old]) => refreshMeetsOld(which, old)),
      fc.constant(null).map(restart),
      fc.constantFrom(...SECONDS).map(timePasses),
      fc.constantFrom(...SECONDS).map(timePasses),
    ],
    { maxCommands: stepsMax, size: 'max' },
  );
}

/** Takes one journey on a session of its own. Fails when the session is lost, or an answer is not by the protocol. */
export async function travel(session: ServedSession, steps: Iterable<Step>, options: JourneyOptions): Promise<void> {
  const journey = new Journey(session.firstToken, options);
  await fc.asyncModelRun(() => ({ model: journey, real: session }), steps);
  await journey.arrive(session);
}
