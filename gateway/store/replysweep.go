package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// How long replies are kept. The provider's list is read back for 14 days: until then
// a message that is found there must be known.
const (
	closedReply = 30 * 24 * time.Hour // after it was closed
	unreadReply = 90 * 24 * time.Hour // after it was written, although nobody has read it
)

const replyBatch = 200

// SweepReplies forgets replies that were closed 30 days ago, and those that nobody
// has read for 90 days, and counts both. What has lost its place among those that
// wait gets it back first.
func (s *Store) SweepReplies(ctx context.Context, p gateway.ODS, now time.Time) (read, unread int, err error) {
	ids, err := s.fileReplies(ctx, p, now)
	if err != nil {
		return 0, 0, fmt.Errorf("sweep the replies of %s: %w", p, err)
	}
	for ; len(ids) > 0; ids = ids[min(len(ids), replyBatch):] {
		args := []any{s.mark(ShardOf(p)), now.Add(-closedReply).Unix(), now.Add(-unreadReply).Unix()}
		for _, id := range ids[:min(len(ids), replyBatch)] {
			args = append(args, id)
		}
		got, err := s.run(ctx, []call{{s.scripts.sweepreplies, s.replyKeys(p), args}})
		if err != nil {
			return read, unread, fmt.Errorf("sweep the replies of %s: %w", p, err)
		}
		n, err := got[0].Int64Slice()
		if err != nil || len(n) != 2 {
			return read, unread, fmt.Errorf("sweep the replies of %s: %w", p, errRecord)
		}
		read, unread = read+int(n[0]), unread+int(n[1])
	}
	return read, unread, nil
}

// fileReplies gives a place to replies that have none, and the ids of all. One whose
// words cannot be opened any more waits for a person from now on.
func (s *Store) fileReplies(ctx context.Context, p gateway.ODS, now time.Time) ([]string, error) {
	if _, err := s.key(ctx, p); err != nil {
		return nil, err
	}
	keys := keysOf(p)
	pipe := s.rdb.Pipeline()
	kept := pipe.HKeys(ctx, keys.replies()) // first: what is kept meanwhile has its place
	waiting := pipe.ZRange(ctx, keys.unread(), 0, -1)
	closed := pipe.HKeys(ctx, keys.closed())
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, plain(err)
	}
	ids := append(waiting.Val(), closed.Val()...)
	placed := make(map[string]bool, len(ids))
	for _, id := range ids {
		placed[id] = true
	}
	args := []any{s.mark(ShardOf(p))}
	for _, id := range kept.Val() {
		if placed[id] {
			continue
		}
		sealed, err := s.rdb.HGet(ctx, keys.replies(), id).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, plain(err)
		}
		r := s.openReply(ctx, p, id, sealed)
		if r.Damaged {
			r.At = now
		}
		ids = append(ids, id)
		args = append(args, id, wait(r.Kind), r.At.Unix(), seconds(r.At))
	}
	if len(args) == 1 {
		return ids, nil
	}
	_, err := s.run(ctx, []call{{s.scripts.filereplies, s.replyKeys(p), args}})
	return ids, err
}
