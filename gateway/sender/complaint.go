package sender

import (
	"sync"
	"time"
)

// sayAgain is how often the log tells of what goes on and on.
const sayAgain = time.Minute

// complaint is what was last told of something that every lane tries every second,
// so that an hour without it is no hour of lines that say the same.
type complaint struct {
	mu    sync.Mutex
	words string
	at    time.Time
}

// news reports whether an error is worth a line: it is another one, or the last
// line was some time ago.
func (c *complaint) news(err error, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err.Error() == c.words && now.Sub(c.at).Abs() < sayAgain {
		return false
	}
	c.words, c.at = err.Error(), now
	return true
}
