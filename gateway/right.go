package gateway

import "errors"

// Right is one replica's right to read one practice's diary, as the store gave it
// out. It ends by itself when it is not kept up; whoever has it next has a higher
// token. What is written under a Right is written only while it lasts.
type Right struct {
	Practice ODS
	Owner    string // the replica, by a name that no other has
	Token    int64  // grows with every new holder; 0: not given
}

// ErrLate means that a Right had ended before what was to be written under it:
// another replica may have read the diary since. Nothing was written.
var ErrLate = errors.New("the right to read the diary was lost meanwhile; nothing was written")
