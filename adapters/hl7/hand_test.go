package hl7_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"bellman/gateway"
)

func str(n int) string { return strconv.Itoa(n) }

var handCount atomic.Int64

// stampOf writes a time as MSH-7 has it.
func stampOf(t time.Time) string { return t.In(gateway.London()).Format("20060102150405.0000") }

// hand writes a message of which everything behind MSH is given.
func hand(j *joined, event, rest string) string {
	return handAt(j.clockNow(), event, rest)
}

func handAt(at time.Time, event, rest string) string {
	return fmt.Sprintf("MSH|^~\\&|SIMPAS|RSIM1|BELLMAN|TEXTS|%s||%s|HAND%06d|P|2.4\r%s", stampOf(at), event, handCount.Add(1), rest)
}

// clockNow is now, behind everything that the hospital has told so far.
func (j *joined) clockNow() time.Time { return j.clock.Now().Add(time.Second) }

func sayOnly(j *joined, slot int, event string) {
	j.sim.Send(hand(j, "SIU^"+event, "SCH||"+str(slot)+"^SIMPAS\r"))
}

func sayStatus(j *joined, slot int, event, status string) {
	v, _ := j.diary.Visit(slot)
	start := v.Start.In(gateway.London()).Format("200601021504")
	sch := fmt.Sprintf("SCH||%d^SIMPAS||||%s|||||^^^%s||||||||||||||%s\r", slot, status, start, status)
	j.sim.Send(hand(j, "SIU^"+event, sch))
}
