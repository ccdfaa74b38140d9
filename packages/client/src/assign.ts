/** Under one short name: a bundler shortens it, and object spread is younger than ES2015. */
export const { assign } = Object;
