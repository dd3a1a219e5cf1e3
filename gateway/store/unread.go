package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// ErrNoReply means that there is no reply with that id.
var ErrNoReply = errors.New("there is no such reply: it never came, or was closed and forgotten")

// closedFixed is the length of a closed reply's time, before who closed it.
const closedFixed = 4

func replyClosingPlace(messageID string) string { return "c" + messageID }

// Replies lists the replies that a practice received, open and closed, oldest first.
// One that cannot be opened any more is among them, as damaged: that somebody wrote
// must not be lost with the words.
func (s *Store) Replies(ctx context.Context, p gateway.ODS) ([]gateway.Reply, error) {
	if _, err := s.key(ctx, p); err != nil {
		return nil, fmt.Errorf("replies of %s: %w", p, err)
	}
	keys := keysOf(p)
	pipe := s.rdb.Pipeline()
	// In this order, so that one that is kept or closed meanwhile is found in what is
	// read later.
	waiting := pipe.ZRangeWithScores(ctx, keys.unread(), 0, -1)
	closed := pipe.HGetAll(ctx, keys.closed())
	kept := pipe.HGetAll(ctx, keys.replies())
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("replies of %s: %w", p, plain(err))
	}
	since := make(map[string]time.Time, len(waiting.Val()))
	all := kept.Val()
	for _, z := range waiting.Val() {
		id, _ := z.Member.(string)
		since[id] = time.Unix(int64(z.Score), 0).UTC()
		if _, ok := all[id]; !ok {
			all[id] = ""
		}
	}
	out := make([]gateway.Reply, 0, len(all))
	for id, sealed := range all {
		r := s.openReply(ctx, p, id, sealed)
		if r.Damaged {
			r.At = since[id]
		}
		if c, ok := closed.Val()[id]; ok {
			s.openClosing(ctx, &r, c)
		} else if _, waits := since[id]; !waits && !r.Damaged && !r.Kind.NeedsPerson() {
			r.Closed = r.At // kept by a version that had no place for it
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b gateway.Reply) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.MessageID, b.MessageID))
	})
	return out, nil
}

// openReply unseals one reply. It is damaged when that cannot be done.
func (s *Store) openReply(ctx context.Context, p gateway.ODS, id, sealed string) gateway.Reply {
	r := gateway.Reply{Practice: p, MessageID: id}
	var sr sealedReply
	_, b, err := s.unseal(ctx, p, []byte(sealed), replyPlace(id))
	if err != nil || json.Unmarshal(b, &sr) != nil {
		r.Damaged = true
		return r
	}
	r.From, r.Text, r.Kind, r.At = gateway.NewPhone(sr.From), gateway.NewText(sr.Text), gateway.ReplyKind(sr.Kind), sr.At
	copy(r.About[:], sr.About)
	return r
}

// openClosing adds when a reply was closed, and by whom.
func (s *Store) openClosing(ctx context.Context, r *gateway.Reply, v string) {
	if len(v) < closedFixed {
		r.Closed = r.At
		return
	}
	r.Closed = fromSeconds([]byte(v[:closedFixed]))
	var c sealedClosing
	_, b, err := s.unseal(ctx, r.Practice, []byte(v[closedFixed:]), replyClosingPlace(r.MessageID))
	if err == nil && json.Unmarshal(b, &c) == nil {
		r.By, r.Note = c.By, gateway.NewText(c.Note)
	}
}

// CloseReply writes down who dealt with a reply and what they did. It reports false
// when it was closed before or needed nobody, and gives ErrNoReply when there is none.
func (s *Store) CloseReply(ctx context.Context, id gateway.ReplyID, at time.Time, by string, note gateway.Text) (bool, error) {
	k, err := s.key(ctx, id.Practice)
	if err != nil {
		return false, err
	}
	b, err := json.Marshal(sealedClosing{by, note.Reveal()})
	if err != nil {
		return false, errors.New("close a reply: cannot be written down")
	}
	sealed, err := k.seal(b, replyClosingPlace(id.MessageID))
	if err != nil {
		return false, errors.New("close a reply: the note cannot be sealed")
	}
	got, err := s.run(ctx, []call{{s.scripts.closereply, s.replyKeys(id.Practice), []any{k.mark, id.MessageID, append(seconds(at), sealed...)}}})
	if err != nil {
		return false, fmt.Errorf("close a reply: %w", err)
	}
	n, err := got[0].Int()
	switch {
	case err != nil:
		return false, fmt.Errorf("close a reply: %w", errRecord)
	case n < 0:
		return false, ErrNoReply
	}
	return n == 1, nil
}

// replyKeys are the keys that the scripts about replies touch.
func (s *Store) replyKeys(p gateway.ODS) []string {
	k := keysOf(p)
	return []string{ShardOf(p).epoch(), k.replies(), k.unread(), k.closed()}
}

// Unread counts the replies that wait for a person in each practice, and gives when
// the oldest of them was written. It opens nothing that is sealed.
func (s *Store) Unread(ctx context.Context, ps []gateway.ODS) (map[gateway.ODS]gateway.Unread, error) {
	pipe := s.rdb.Pipeline()
	counts, oldest := make([]*redis.IntCmd, len(ps)), make([]*redis.ZSliceCmd, len(ps))
	for i, p := range ps {
		counts[i] = pipe.ZCard(ctx, keysOf(p).unread())
		oldest[i] = pipe.ZRangeWithScores(ctx, keysOf(p).unread(), 0, 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("unread replies: %w", plain(err))
	}
	out := make(map[gateway.ODS]gateway.Unread, len(ps))
	for i, p := range ps {
		u := gateway.Unread{Replies: int(counts[i].Val())}
		if first := oldest[i].Val(); len(first) == 1 && u.Replies > 0 {
			u.Oldest = time.Unix(int64(first[0].Score), 0).UTC()
		}
		out[p] = u
	}
	return out, nil
}
