/** The token that the server takes from the page during a call. */

import { EngineEvent, type Room } from 'livekit-client';

/** What answers with the token of now. */
export type TokenNow = () => string;

type Engine = Pick<Room['engine'], 'on'>;

/** The server sends a fresh token before the one runs out, for as long as the call lasts. `onFresh` is told. */
export function callToken(joinedWith: string, engine: Engine, onFresh: (token: string) => void): TokenNow {
  let token = joinedWith;
  engine.on(EngineEvent.TokenRefreshed, (fresh) => {
    token = fresh;
    onFresh(fresh);
  });
  return () => token;
}
