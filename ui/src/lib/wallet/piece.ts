/** Words of a line: from elsewhere, or whole from the catalogue. */
export type Piece = { foreign: string } | { own: string };
