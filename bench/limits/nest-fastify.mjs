// Limit: NestJS on Fastify with one guard that lets everybody in, answering every request with the same bytes.
import 'reflect-metadata';
import { Controller, Get, Header, Injectable, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const { PORT, BODY, CONTENT_TYPE } = process.env;

class OpenGuard {
  canActivate() {
    return true;
  }
}
Injectable()(OpenGuard);

class AnswerController {
  answer() {
    return BODY;
  }
}
decorate(
  [Get(['/', 'v1/auth/session']), Header('content-type', CONTENT_TYPE), UseGuards(OpenGuard)],
  AnswerController,
  'answer',
);
Controller()(AnswerController);

class AppModule {}
Module({ controllers: [AnswerController] })(AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(PORT), '127.0.0.1');

/** What a compiler makes of decorators above a method. */
function decorate(decorators, { prototype }, name) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  for (const decorator of decorators) decorator(prototype, name, descriptor);
}
