import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';

type Connect = (...sent: unknown[]) => Socket;

/** Agents for both schemes that give up a connection, the TLS handshake included, when it does not stand in time. */
export function agentsWithConnectTimeout(options: AgentOptions, timeoutMs: number) {
  return {
    httpAgent: limited(new HttpAgent(options), 'connect', timeoutMs),
    httpsAgent: limited(new HttpsAgent(options), 'secureConnect', timeoutMs),
  };
}

/** Node's agents have no such limit; `createConnection` is where they open a socket, and the place they offer for it. */
function limited<Agent extends HttpAgent>(
  agent: Agent,
  standing: 'connect' | 'secureConnect',
  timeoutMs: number,
): Agent {
  const own = agent as unknown as { createConnection: Connect };
  const connect = own.createConnection.bind(agent);
  own.createConnection = (...sent) => {
    const socket = connect(...sent);
    const timer = setTimeout(() => socket.destroy(connectTimeout()), timeoutMs);
    const stop = () => clearTimeout(timer);
    socket.once(standing, stop).once('close', stop);
    return socket;
  };
  return agent;
}

/** Looks as if the system had given up, which it would after two minutes. */
function connectTimeout(): Error {
  return Object.assign(new Error('the connection does not stand in time'), { code: 'ETIMEDOUT', syscall: 'connect' });
}
