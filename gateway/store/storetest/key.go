package storetest

import (
	"fmt"

	"bellman/gateway"
	"bellman/gateway/store"
)

// Key gives the name of one of a practice's keys in Redis, for tests that look
// into it or harm it.
func Key(p gateway.ODS, letter string) string {
	return fmt.Sprintf("{%02d}:P:%s:%s", store.ShardOf(p), p, letter)
}

// ShardKey gives the name of a key that a practice shares with its shard.
func ShardKey(p gateway.ODS, name string) string {
	return fmt.Sprintf("{%02d}:%s", store.ShardOf(p), name)
}

// RestoreLock gives the name of the key that says which replica restores.
func RestoreLock() string { return "{00}:restore:lock" }
