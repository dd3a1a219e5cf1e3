package store

import (
	"fmt"
	"hash/fnv"

	"bellman/gateway"
)

// Shards is the fixed number of hash tags. It never changes: a practice lives
// in one shard for good.
const Shards = 64

// Shard is one of the hash tags {00} to {63}. All keys that one script touches
// carry the same one, so that Redis Cluster keeps them on one node.
type Shard int

// ShardOf says where a practice lives.
func ShardOf(p gateway.ODS) Shard {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p))
	return Shard(h.Sum32() % Shards)
}

func (s Shard) tag() string { return fmt.Sprintf("{%02d}", int(s)) }

// The keys of a shard.
func (s Shard) epoch() string  { return s.tag() + ":epoch" } // string: which installation this is, H before it: in hold
func (s Shard) due() string    { return s.tag() + ":due" }   // sorted set: ref rule practice -> ms when to look
func (s Shard) lease() string  { return s.tag() + ":lease" } // sorted set: ref rule start practice -> ms until when
func (s Shard) fence() string  { return s.tag() + ":fence" } // counter of fencing tokens
func (s Shard) tide() string   { return s.tag() + ":tide" }  // counter of calls in which something left; see tide.go
func (s Shard) prefix() string { return s.tag() + ":P:" }    // before everything of a practice

// The keys of a practice. The scripts build them from prefix and the same letters.
type practiceKeys struct{ p string }

func keysOf(p gateway.ODS) practiceKeys {
	return practiceKeys{ShardOf(p).prefix() + string(p)}
}

func (k practiceKeys) appointments() string { return k.p + ":a" }    // hash: ref -> record
func (k practiceKeys) reminders() string    { return k.p + ":r" }    // hash: ref rule start -> where it stands
func (k practiceKeys) stories() string      { return k.p + ":e" }    // hash: ref -> what happened
func (k practiceKeys) counts() string       { return k.p + ":n" }    // hash: state -> how many; turn -> how often anything moved
func (k practiceKeys) optouts() string      { return k.p + ":o" }    // hash: number tag -> sealed opt-out
func (k practiceKeys) finer() string        { return k.p + ":f" }    // hash: ref, or number tag -> list of clinics (8), sealed opt-outs of a visit or of clinics
func (k practiceKeys) history() string      { return k.p + ":h" }    // hash: number tag, digest -> sealed change of an opt-out
func (k practiceKeys) texted() string       { return k.p + ":t" }    // hash: number tag -> the last reminder handed over
func (k practiceKeys) replies() string      { return k.p + ":i" }    // hash: provider's message id -> sealed reply
func (k practiceKeys) unread() string       { return k.p + ":u" }    // sorted set: message id -> seconds since when the reply waits for a person
func (k practiceKeys) closed() string       { return k.p + ":c" }    // hash: message id -> when the reply was closed, and who closed it, sealed
func (k practiceKeys) again() string        { return k.p + ":d" }    // set: refs to be decided again by the next read
func (k practiceKeys) tasks() string        { return k.p + ":w" }    // hash: kind ref rule start -> what a person has to look at
func (k practiceKeys) attempts() string     { return k.p + ":x" }    // hash: ref start -> when its cancellation was asked for; ref start e -> what came of it
func (k practiceKeys) looks() string        { return k.p + ":l" }    // hash: ref -> ms when it was looked at by itself
func (k practiceKeys) shelf() string        { return k.p + ":k" }    // hash: key tag -> mark of its putting, what an adapter keeps
func (k practiceKeys) meta() string         { return k.p + ":m" }    // hash: keys, as-of, last read, mark of the last putting on the shelf
func (k practiceKeys) lock() string         { return k.p + ":lock" } // string: who reads this practice now
func (k practiceKeys) rate() string         { return k.p + ":rate" } // string: until when the practice's sender is busy

// The keys of the whole installation stand in the first shard.
func restoreKey() string     { return Shard(0).tag() + ":restore" }      // string: how far a restoration is
func restoreLockKey() string { return Shard(0).tag() + ":restore:lock" } // string: who does it now

// wakeChannel tells senders that something earlier was queued.
const wakeChannel = "bellman:wake"

// The texts of a day are counted for each number under P:p: and the day in London,
// where a practice bounds them: move.lua alone knows that key, which lasts two days.

// answered is set for a day once a number got one of the answers.
func (k practiceKeys) answered(a gateway.Answer, t Tag) string {
	return k.p + ":ack:" + string(rune(a)) + string(t[:])
}

// guessed is set for a day once a number named a visit by a code that is none of its
// visits'.
func (k practiceKeys) guessed(t Tag) string { return k.p + ":guess:" + string(t[:]) }
