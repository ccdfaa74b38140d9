import { SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';

/** Who may call a route: anybody, a signed-in person, a registered back end, or WeChat itself by its signature. */
export type Access = 'public' | 'bearer' | 'client' | 'wechat';

/** Metadata key of a route's access. */
export const ACCESS = 'wechat-passport:access';

/** Opens a route, or all routes of a controller, to anybody. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Declares that a route needs an access token. Routes without a declaration need one too. */
export const Bearer = () => applyDecorators(SetMetadata(ACCESS, 'bearer' satisfies Access), ApiBearerAuth());

/** Declares that a route is for WeChat's servers: its handler believes nothing before it has checked their signature. */
export const WechatSigned = () => SetMetadata(ACCESS, 'wechat' satisfies Access);
