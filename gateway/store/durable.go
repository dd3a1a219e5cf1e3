package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Keeping says, in sentences, how far Redis may be trusted with what is written
// to it. Both lists empty is good.
type Keeping struct {
	Unsafe []string // a crash or a full memory loses what was sent and who said STOP
	Unwise []string // it may lose a little, or does not tell
}

// Durability asks Redis how it keeps data. A managed one may not tell.
func Durability(ctx context.Context, rdb redis.UniversalClient) Keeping {
	var k Keeping
	get := func(key string) (string, bool) {
		v, err := rdb.ConfigGet(ctx, key).Result()
		return v[key], err == nil
	}
	aof, ok := get("appendonly")
	if !ok {
		k.Unwise = append(k.Unwise, "redis does not tell how it keeps data: make sure that it has an append-only file and never evicts")
		return k
	}
	if aof != "yes" {
		k.Unsafe = append(k.Unsafe, "redis keeps no append-only file, so a crash loses what was sent and who said STOP: set appendonly yes")
	} else if sync, _ := get("appendfsync"); sync != "always" {
		k.Unwise = append(k.Unwise, "redis may lose up to a second of work in a crash, and texts wait after each of its starts until what was sent is looked up: set appendfsync always")
	}
	policy, _ := get("maxmemory-policy")
	if limit, _ := get("maxmemory"); policy != "noeviction" && limit != "0" {
		k.Unsafe = append(k.Unsafe, "redis throws data away when it is full: set maxmemory-policy noeviction")
	}
	return k
}
