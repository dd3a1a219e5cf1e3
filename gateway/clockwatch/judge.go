package clockwatch

import (
	"fmt"
	"time"

	"bellman/gateway"
)

// level is how bad a skew is.
type level int

const (
	fine level = iota
	warned
	refused
)

func levelOf(beyond time.Duration) level {
	switch {
	case beyond >= Refuse:
		return refused
	case beyond >= Warn:
		return warned
	}
	return fine
}

// Heard takes a reading of a source, asked for or come by: every answer of the
// provider tells its time. A reading that says too little is left out.
func (w *Watch) Heard(source string, r gateway.Reading) {
	skew, slack, ok := r.Skew()
	late := w.o.Clock.Now().Round(0).Sub(r.Answered.Round(0))
	if !ok || slack > tooSlow/2 || late.Abs() > lateNews {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.sources[source]
	if h == nil {
		return
	}
	if w.jumpSince(w.verdict.Load()).Abs() >= Refuse {
		w.judge()
	}
	news := h.never
	h.never, h.at, h.skew, h.beyond = false, w.o.Elapsed(), skew, max(0, skew.Abs()-slack)
	w.o.Metrics.skew.WithLabelValues(source).Set(skew.Seconds())
	if is := levelOf(h.beyond); is != h.told {
		w.tell(source, skew, is)
		h.told, news = is, true
	}
	if news {
		w.judge()
	}
}

func (w *Watch) tell(source string, skew time.Duration, is level) {
	log := w.o.Log.With("against", source, "skew_seconds", skew.Round(100*time.Millisecond).Seconds())
	switch is {
	case refused:
		log.Error("our clock is wrong; nothing is sent until a time server has set it right")
	case warned:
		log.Warn("our clock differs; have it set by a time server")
	case fine:
		log.Info("our clock is right again")
	}
}

// mark looks for a jump of our clock since a verdict. After one, nothing that was
// heard before counts. Hold mu.
func (w *Watch) mark(before *verdict) {
	by := w.jumpSince(before)
	if by.Abs() < Refuse {
		return
	}
	w.jump = by
	for _, h := range w.sources {
		h.never, h.asked = true, w.o.Elapsed()-retry
	}
	w.o.Metrics.jumps.Inc()
	w.o.Log.Error("our clock jumped; nothing is sent before it was compared again", "seconds", by.Round(time.Second).Seconds())
}

// judge puts together what is known, and reports whether the clock is right.
// Hold mu.
func (w *Watch) judge() bool {
	before := w.verdict.Load()
	if before != nil {
		w.mark(before)
	}
	v := &verdict{wall: w.o.Clock.Now().Round(0), elapsed: w.o.Elapsed(), over: make(chan struct{})}
	for _, s := range w.o.Sources {
		h := w.sources[s.Name]
		switch {
		case h.never && w.jump != 0:
			v.wrong = append(v.wrong, fmt.Sprintf("our clock jumped by %s and has not been compared with %s since: nothing is sent before", w.jump.Round(time.Second), theName(s.Name)))
		case h.never:
			v.wrong = append(v.wrong, fmt.Sprintf("our clock has not been compared with %s yet: nothing is sent before", theName(s.Name)))
		case levelOf(h.beyond) == refused:
			v.wrong = append(v.wrong, fmt.Sprintf("our clock is %s: nothing is sent until a time server has set it right", against(h.skew, s.Name)))
		case levelOf(h.beyond) == warned:
			v.warn = append(v.warn, fmt.Sprintf("our clock is %s: have it set by a time server", against(h.skew, s.Name)))
		}
	}
	v.right = len(v.wrong) == 0
	if v.right {
		w.jump = 0
	}
	w.o.Metrics.refuse(!v.right)
	w.verdict.Store(v)
	if before != nil {
		close(before.over)
	}
	return v.right
}

// against says how two clocks differ.
func against(skew time.Duration, source string) string {
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	return fmt.Sprintf("%s %s %s", skew.Abs().Round(time.Second), way, theName(source))
}

func theName(source string) string {
	if source == "redis" {
		return source
	}
	return "the " + source
}

// Trouble gives what is wrong with our clock, and what is merely unwise, in
// sentences for people. Nothing is sent while anything is wrong.
func (w *Watch) Trouble() (wrong, warn []string) {
	v := w.verdict.Load()
	if v.right && !w.Right() {
		return []string{"our clock jumped and is being compared again: nothing is sent before"}, v.warn
	}
	return v.wrong, v.warn
}
