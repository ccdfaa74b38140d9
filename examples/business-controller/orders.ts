import { Injectable } from '@nestjs/common';

export interface Order {
  /** Of the person who placed it, as wechat-passport knows them. */
  readonly userId: string;
  readonly item: string;
}

/** Keeps orders for as long as the process lives. A real shop has a table with a `user_id`. */
@Injectable()
export class Orders {
  private readonly placed: Order[] = [];

  place(userId: string, item: string): Order {
    const order = { userId, item };
    this.placed.push(order);
    return order;
  }

  of(userId: string): Order[] {
    return this.placed.filter((order) => order.userId === userId);
  }

  all(): Order[] {
    return [...this.placed];
  }
}
