package hl7

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"time"

	"bellman/gateway"
)

// odd is what is kept of a message that nobody could understand, and of which it is
// not known which appointment it was about.
type odd struct {
	Came int64  `json:"t"` // seconds since 1970
	What string `json:"w"` // such as "SIU^S12"; empty: not known
	Why  string `json:"y"`
}

// maxOdd bounds how many are kept; a newer one may take the place of an older.
const maxOdd = 256

// keepOddFor is how long they are listed: a person finds them after a weekend.
const keepOddFor = 72 * time.Hour

// keepOdd keeps that a message could not be understood. A second copy of it takes
// the place of the first.
func (a *Adapter) keepOdd(ctx context.Context, body []byte, what, why string, now time.Time) error {
	h := fnv.New32a()
	_, _ = h.Write(body)
	key := oddKey + strconv.Itoa(int(h.Sum32()%maxOdd))
	d := a.desk()
	if err := d.fetch(ctx, key); err != nil {
		return err
	}
	if err := d.set(key, odd{now.Unix(), what, why}); err != nil {
		return err
	}
	return d.put(ctx)
}

func (o odd) unreadable() gateway.Unreadable {
	what := o.What
	if what == "" {
		what = "something that is no message"
	}
	return gateway.Unreadable{Where: what + ", received " + time.Unix(o.Came, 0).UTC().Format("2006-01-02 15:04:05Z"), Why: o.Why}
}

func readOdd(kept []byte) (odd, bool) {
	var o odd
	err := json.Unmarshal(kept, &o)
	return o, err == nil
}
