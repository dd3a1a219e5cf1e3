package lifemodel

import (
	"fmt"
	"strings"
	"testing"
)

// edge leads to another world that was seen.
type edge struct {
	to   int32
	kind kind
}

// atlas holds every world that can be reached.
type atlas struct {
	b      *build
	worlds []world
	from   []int32 // the world before, on a shortest way
	index  map[world]int32
	first  []int64 // where a world's edges begin
	edges  []edge
	ring   []int32 // the circle that was found
}

// explore visits every world that can be reached from one, nearest first, until a
// law is broken. It gives the world that breaks it, or -1.
func explore(b *build, begin world, most int) (*atlas, int32, error) {
	a := &atlas{b: b, index: map[world]int32{}}
	a.add(begin.canonical(b), -1)
	s := steps{b: b}
	for i := 0; i < len(a.worlds); i++ {
		if len(a.worlds) > most {
			return a, -1, fmt.Errorf("more than %d worlds", most)
		}
		a.first = append(a.first, int64(len(a.edges)))
		for _, next := range s.next(a.worlds[i]) {
			n := a.add(next.next.canonical(b), int32(i))
			a.edges = append(a.edges, edge{n, next.kind})
			if next.next.broken != kept {
				return a, n, nil
			}
		}
	}
	a.first = append(a.first, int64(len(a.edges)))
	return a, -1, nil
}

func (a *atlas) add(w world, from int32) int32 {
	if n, ok := a.index[w]; ok {
		return n
	}
	n := int32(len(a.worlds))
	a.index[w] = n
	a.worlds, a.from = append(a.worlds, w), append(a.from, from)
	return n
}

// endless looks for a world from which the reminder does not come to its end
// although nothing goes wrong any more: for a circle of our own steps, and, after
// the last useful moment, for a circle or a dead end of steps that must come.
func (a *atlas) endless() (int32, law) {
	if n := a.circle(func(world) bool { return true }, func(k kind) bool { return k == work }, false); n >= 0 {
		return n, spins
	}
	if n := a.circle(func(w world) bool { return w.over }, func(k kind) bool { return k <= kindly }, true); n >= 0 {
		return n, neverEnds
	}
	return -1, kept
}

// circle walks in depth and gives a world that is met again on the same way, or,
// where that is asked, one from which no step leads on before the end.
func (a *atlas) circle(in func(world) bool, along func(kind) bool, toTheEnd bool) int32 {
	const under, done = 1, 2
	colour := make([]uint8, len(a.worlds))
	type frame struct {
		world int32
		next  int64
	}
	var way []frame
	for n := range a.worlds {
		if colour[n] != 0 || !in(a.worlds[n]) {
			continue
		}
		way = append(way[:0], frame{int32(n), a.first[n]})
		colour[n] = under
		for len(way) > 0 {
			f := &way[len(way)-1]
			led := a.onward(f.world, &f.next, along)
			switch {
			case led < 0:
				if toTheEnd && !a.leadsOn(f.world, along) && !a.worlds[f.world].ended() {
					return f.world
				}
				colour[f.world] = done
				way = way[:len(way)-1]
			case colour[led] == under:
				for i := range way {
					if way[i].world == led {
						for _, f := range way[i:] {
							a.ring = append(a.ring, f.world)
						}
					}
				}
				return led
			case colour[led] == 0:
				colour[led] = under
				way = append(way, frame{led, a.first[led]})
			}
		}
	}
	return -1
}

// onward gives the next world along some kinds of steps, or -1.
func (a *atlas) onward(n int32, next *int64, along func(kind) bool) int32 {
	for *next < a.first[n+1] {
		e := a.edges[*next]
		*next++
		if along(e.kind) && e.to != n {
			return e.to
		}
	}
	return -1
}

func (a *atlas) leadsOn(n int32, along func(kind) bool) bool {
	next := a.first[n]
	return a.onward(n, &next, along) >= 0
}

// story tells the shortest way to a world, with the replicas called by the same
// names throughout.
func (a *atlas) story(begin world, n int32) string {
	var way []int32
	for ; n >= 0; n = a.from[n] {
		way = append([]int32{n}, way...)
	}
	var out strings.Builder
	s := steps{b: a.b}
	w := begin
	fmt.Fprintf(&out, "  0  %s\n", w.String())
	for i, n := range way[1:] {
		for _, next := range s.next(w) {
			if next.next.canonical(a.b) != a.worlds[n] {
				continue
			}
			who := ""
			if next.who > 0 {
				who = fmt.Sprintf("replica %d ", next.who)
			}
			w = next.next
			fmt.Fprintf(&out, "%3d  %s%s\n       -> %s\n", i+1, who, next.label, w.String())
			break
		}
	}
	for i, n := range a.ring {
		for _, next := range s.next(a.worlds[n]) {
			if next.next.canonical(a.b) == a.worlds[a.ring[(i+1)%len(a.ring)]] {
				fmt.Fprintf(&out, "  and round: %s\n       -> %s\n", next.label, next.next.String())
				break
			}
		}
	}
	return out.String()
}

// verdict explores a case to its end and tells what was found.
type verdict struct {
	worlds, steps int
	broken        law
	story         string
}

func judge(t *testing.T, b build, left budget, most int) verdict {
	t.Helper()
	begin := world{left: left}
	begin.record = planned(booked, false, false)
	begin.due = dueNow
	a, n, err := explore(&b, begin, most)
	if err != nil {
		t.Fatal(err)
	}
	v := verdict{worlds: len(a.worlds), steps: len(a.edges)}
	if n >= 0 {
		v.broken = a.worlds[n].broken
	} else {
		n, v.broken = a.endless()
	}
	if n >= 0 {
		v.story = a.story(begin, n)
	}
	return v
}
