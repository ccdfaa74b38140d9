import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** The trace id of the request that a handler answers; null where the HTTP server gives none (Express). */
export const TraceId = createParamDecorator((_data: unknown, context: ExecutionContext): string | null => {
  const { id } = context.switchToHttp().getRequest<{ id?: unknown }>();
  return typeof id === 'string' ? id : null;
});
