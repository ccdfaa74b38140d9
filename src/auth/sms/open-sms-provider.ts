import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import { ConfigurationError } from '../../config/configuration-error.js';
import type { ServerSettings, SmsSettings } from '../../config/settings.js';
import { ConsoleSmsProvider } from './console-sms-provider.js';
import type { SmsProvider } from './sms-provider.js';

/**
 * The provider that `SMS_PROVIDER_MODULE` names; without one the console outside production, and null, with a warning,
 * in production.
 *
 * @throws ConfigurationError - the module cannot be loaded, or its default export has no `send`
 */
export async function openSmsProvider(
  { providerModule }: SmsSettings,
  { production }: ServerSettings,
  logger: Logger,
): Promise<SmsProvider | null> {
  if (providerModule !== null) return loadProvider(providerModule);
  if (!production) return new ConsoleSmsProvider();
  logger.warn('sign-in by SMS is off: SMS_PROVIDER_MODULE names no provider');
  return null;
}

async function loadProvider(path: string): Promise<SmsProvider> {
  const { default: provider } = await importModule(path);
  if (isProvider(provider)) return provider;
  throw new ConfigurationError(['SMS_PROVIDER_MODULE: the default export of the module has no function `send`']);
}

async function importModule(path: string): Promise<{ default?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new ConfigurationError([`SMS_PROVIDER_MODULE: the module cannot be loaded: ${why}`]);
  }
}

function isProvider(value: unknown): value is SmsProvider {
  return typeof value === 'object' && value !== null && typeof (value as Partial<SmsProvider>).send === 'function';
}
