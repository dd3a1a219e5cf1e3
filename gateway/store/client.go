package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"bellman/gateway"
)

var silence sync.Once

// Client makes the connection for a redis.url of the configuration: redis://,
// rediss://, unix://, or a comma-separated list of nodes for a cluster. A single
// server's commands are never repeated by the client itself. A cluster's pipelines
// may be, when a connection ends: every script is written so that its second run
// changes nothing, or what a lost lease undoes.
func Client(url string) (redis.UniversalClient, error) {
	// The client's own log goes to standard error in its own form; what it would
	// say reaches our log as the errors of our calls.
	silence.Do(logging.Disable)
	nodes := strings.Split(url, ",")
	if strings.HasPrefix(url, "unix://") {
		nodes = []string{url} // a comma there is part of a path
	}
	o, err := redis.ParseURL(strings.TrimSpace(nodes[0]))
	if err != nil {
		return nil, errors.New("redis.url is not understood: write redis://host:6379/0, rediss://..., unix:///path, or several for a cluster")
	}
	o.MaxRetries = -1
	o.PoolSize = 32
	o.DisableIdentity = true
	o.ContextTimeoutEnabled = true
	if len(nodes) == 1 {
		return redis.NewClient(o), nil
	}
	c := &redis.ClusterOptions{Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, MaxRetries: -1, PoolSize: 16, DisableIdentity: true, ContextTimeoutEnabled: true}
	for _, n := range nodes {
		one, err := redis.ParseURL(strings.TrimSpace(n))
		if err != nil {
			return nil, errors.New("redis.url: one of the cluster's nodes is not understood")
		}
		c.Addrs = append(c.Addrs, one.Addr)
	}
	return redis.NewClusterClient(c), nil
}

// plain turns an error of the Redis client into one of ours, whose words are
// safe to log: a Redis error may quote arguments.
func plain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case redis.HasErrorPrefix(err, "EMPTIED"):
		return ErrEmptied
	case redis.HasErrorPrefix(err, "LATE"):
		return gateway.ErrLate
	case redis.HasErrorPrefix(err, "RECEDED"):
		return ErrReceded
	case redis.HasErrorPrefix(err, "INHOLD"):
		return ErrInHold
	case redis.HasErrorPrefix(err, "KEYLOST"):
		return errKeyLost
	case redis.HasErrorPrefix(err, "DAMAGED"), redis.HasErrorPrefix(err, "WRONGTYPE"):
		return errDamaged
	case redis.HasErrorPrefix(err, "OOM"):
		return errors.New("redis is full and refuses to write; give it more memory")
	case redis.HasErrorPrefix(err, "READONLY"):
		return errors.New("redis is a read-only replica; point redis.url at the primary")
	case redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "WRONGPASS"):
		return errors.New("redis refuses our user or password; correct redis.url")
	case redis.HasErrorPrefix(err, "NOPERM"):
		return errors.New("redis does not let our user do this; widen its ACL")
	case redis.HasErrorPrefix(err, "MISCONF"):
		return errors.New("redis cannot write to its disk; look at its log")
	case redis.HasErrorPrefix(err, "LOADING"):
		return errors.New("redis is still loading its data")
	case redis.HasErrorPrefix(err, "CLUSTERDOWN"), redis.HasErrorPrefix(err, "MASTERDOWN"):
		return errors.New("the redis cluster is not whole, and does not answer for all of it")
	}
	if _, answered := errors.AsType[redis.Error](err); answered {
		return errors.New("redis refused a command of ours")
	}
	return fmt.Errorf("redis cannot be reached: %w", errUnreachable)
}

// errKeyLost means that a practice's keys were deleted beside what they sealed.
var errDamaged = errors.New("a key of the practice is damaged in Redis; it is put aside at the next read of its diary")

var errKeyLost = errors.New("redis holds what was sealed for the practice but no longer the keys to it; restore redis from its backup, or empty it")

var errUnreachable = errors.New("no connection")
