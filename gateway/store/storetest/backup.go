package storetest

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Backup is everything that a Redis held at one moment.
type Backup struct {
	puts []func(context.Context, redis.Cmdable) error
}

// Save reads everything that the Redis at an address holds, of every node.
func Save(t testing.TB, c redis.UniversalClient) Backup {
	t.Helper()
	var b Backup
	each(t, c, func(ctx context.Context, node *redis.Client) error {
		keys, err := node.Keys(ctx, "*").Result()
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := b.save(ctx, node, k); err != nil {
				return err
			}
		}
		return nil
	})
	return b
}

func (b *Backup) save(ctx context.Context, c *redis.Client, k string) error {
	kind, err := c.Type(ctx, k).Result()
	if err != nil {
		return err
	}
	put := func(do func(context.Context, redis.Cmdable) error) { b.puts = append(b.puts, do) }
	switch kind {
	case "string":
		v, err := c.Get(ctx, k).Result()
		put(func(ctx context.Context, c redis.Cmdable) error { return c.Set(ctx, k, v, 0).Err() })
		return err
	case "hash":
		v, err := c.HGetAll(ctx, k).Result()
		put(func(ctx context.Context, c redis.Cmdable) error { return c.HSet(ctx, k, v).Err() })
		return err
	case "set":
		v, err := c.SMembers(ctx, k).Result()
		put(func(ctx context.Context, c redis.Cmdable) error { return c.SAdd(ctx, k, v).Err() })
		return err
	case "zset":
		v, err := c.ZRangeWithScores(ctx, k, 0, -1).Result()
		put(func(ctx context.Context, c redis.Cmdable) error { return c.ZAdd(ctx, k, v...).Err() })
		return err
	}
	return nil
}

// PutBack empties a Redis and gives it what it held when the backup was made.
func (b Backup) PutBack(t testing.TB, c redis.UniversalClient) {
	t.Helper()
	each(t, c, func(ctx context.Context, node *redis.Client) error { return node.FlushAll(ctx).Err() })
	for _, put := range b.puts {
		if err := put(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}
