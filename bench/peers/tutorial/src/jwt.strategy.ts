import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { PUBLIC_PEM } from './keys.js';

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: PUBLIC_PEM,
      algorithms: ['ES256'],
    });
  }

  validate(payload: { sub: string; exp: number }) {
    return { userId: payload.sub, expiresAt: payload.exp };
  }
}
