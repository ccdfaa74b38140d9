import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { RequestMethod, VERSION_NEUTRAL, type INestApplicationContext, type Type } from '@nestjs/common';
import {
  HTTP_CODE_METADATA,
  METHOD_METADATA,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { ACCESS, type Access } from '../../src/http/access.decorator.js';

type Version = string | typeof VERSION_NEUTRAL;

/** A handler of a controller, as its decorators declare it. */
export interface DeclaredRoute {
  /** Class and method. */
  readonly handler: string;
  readonly method: string;
  /** With version and parameters, as Fastify spells it. */
  readonly path: string;
  readonly access: Access | undefined;
  readonly httpCode: number | undefined;
  readonly parameters: readonly DeclaredParameter[];
}

/** A parameter of a handler that Nest fills from the request. */
export interface DeclaredParameter {
  /** `BODY`, `QUERY`, `REQUEST` and so on. */
  readonly source: string;
  /** The field of the source, for `@Body('field')`. */
  readonly field: string | undefined;
  /** The type as it exists at run time. */
  readonly type: Type | undefined;
}

/** Every route of every controller of an application, by the metadata that Nest itself goes by. */
export function declaredRoutes(app: INestApplicationContext): DeclaredRoute[] {
  const controllers = new DiscoveryService(app.get(ModulesContainer)).getControllers();
  return controllers.flatMap(({ metatype }) => routesOf(metatype as Type));
}

/** `GET /v1/users/me` */
export function nameOf({ method, path }: Pick<DeclaredRoute, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

/**
 * Writes down the routes that Fastify really gets, whoever adds them, for every server made until `stop`.
 *
 * Begin before the application is made.
 */
export function recordFastifyRoutes(): { of(fastify: unknown): { method: string; path: string }[]; stop(): void } {
  const routes = new Map<unknown, { method: string; path: string }[]>();
  const onServer = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance };
    const added: { method: string; path: string }[] = [];
    routes.set(fastify, added);
    fastify.addHook('onRoute', ({ method, url }: RouteOptions) => {
      for (const one of [method].flat()) added.push({ method: one, path: url });
    });
  };
  subscribe('fastify.initialization', onServer);
  return {
    of: (fastify) => routes.get(fastify) ?? [],
    stop: () => void unsubscribe('fastify.initialization', onServer),
  };
}

function routesOf(controller: Type): DeclaredRoute[] {
  const prototype = controller.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const handler = prototype[name]!;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    return pathsOf(controller, handler).map((path) => ({
      handler: `${controller.name}.${name}`,
      method: RequestMethod[method],
      path,
      access: (Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller)) as Access | undefined,
      httpCode: Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined,
      parameters: parametersOf(controller, prototype, name),
    }));
  });
}

function pathsOf(controller: Type, handler: object): string[] {
  const version = (Reflect.getMetadata(VERSION_METADATA, handler) ??
    Reflect.getMetadata(VERSION_METADATA, controller) ??
    VERSION_NEUTRAL) as Version | Version[];
  const list = (from: object) => [Reflect.getMetadata(PATH_METADATA, from) as string | string[]].flat();
  return [version].flat().flatMap((one) =>
    list(controller).flatMap((prefix) =>
      list(handler).map((path) => {
        const parts = [typeof one === 'string' ? `v${one}` : '', prefix, path];
        return `/${parts
          .map((part) => part.replace(/^\/|\/$/g, ''))
          .filter(Boolean)
          .join('/')}`;
      }),
    ),
  );
}

function parametersOf(controller: Type, prototype: object, name: string): DeclaredParameter[] {
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { index: number; data?: unknown }
  >;
  const types = (Reflect.getMetadata(PARAMTYPES_METADATA, prototype, name) ?? []) as (Type | undefined)[];
  return Object.entries(declared).map(([key, { index, data }]) => ({
    // A key is `source:index`; decorators of our own have a name of their own before that.
    source: RouteParamtypes[Number(key.split(':')[0])] ?? 'CUSTOM',
    field: typeof data === 'string' ? data : undefined,
    type: types[index],
  }));
}
