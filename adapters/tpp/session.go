package tpp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"bellman/gateway"
)

// quickAnswer bounds the wait for an answer in the moment of sending a text, which
// leaves time for two of them.
const quickAnswer = 4 * time.Second

// attempts is how often a question is asked when no answer comes: SystmOne drops
// requests that come too fast, and says nothing.
const attempts = 3

// strangers is how many answers to other questions are passed over before one is
// taken to be lost.
const strangers = 3

var (
	errNoAnswer = errors.New("SystmOne did not answer in time: it drops requests that come too fast, and answers nothing while it is busy")
	errRefused  = errors.New("SystmOne answered with an error that it calls permanent")
	errBusy     = errors.New("SystmOne answered with an error that it calls passing")
	errNoSocket = errors.New("SystmOne's socket cannot be reached: is SystmOne open on that PC, and somebody logged on?")
	errNotTold  = errors.New("the answer does not say which question it is for")
	errNotSent  = errors.New("SystmOne was not reached")
	errBlocked  = fmt.Errorf("%w: SystmOne accepts neither api_key nor device; in SystmOne see Setup > Mobile Working & Integration > Device Manager", gateway.ErrSourceDenied)
)

// session is one connection to SystmOne for the questions of one read or look. It
// is made anew when anything goes wrong with it. It belongs to one goroutine.
type session struct {
	a      *Adapter
	device gateway.Secret
	urgent bool // a text, or a patient, waits for the answer
	begun  bool // there was an answer

	conn net.Conn
	r    *bufio.Reader
}

func (a *Adapter) session(device gateway.Secret, urgent bool) *session {
	return &session{a: a, device: device, urgent: urgent}
}

func (s *session) close() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.conn, s.r = nil, nil
}

// ask asks a question that changes nothing, again when it was dropped. An answer
// always holds a body without an error.
func (s *session) ask(ctx context.Context, q question) (*body, error) {
	var err error
	for range attempts {
		var b *body
		if b, _, err = s.once(ctx, q); err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, errRefused) {
			return nil, s.whyRefused(ctx, q, err)
		}
	}
	return nil, err
}

// whyRefused tells an error about a question from one about us. SystmOne has no
// codes for errors; but a function without parameters leaves nothing else to be
// wrong with.
func (s *session) whyRefused(ctx context.Context, q question, err error) error {
	if q.function != fnFunctions && q.function != fnOrganisation {
		if _, _, probe := s.once(ctx, question{function: fnFunctions}); !errors.Is(probe, errRefused) {
			return err
		}
	}
	return errBlocked
}

// once asks a question exactly once. sent tells whether any of it may have reached
// SystmOne.
func (s *session) once(ctx context.Context, q question) (b *body, sent bool, err error) {
	if turn := s.a.env.Turn; turn != nil {
		if err := turn(ctx); err != nil {
			return nil, false, err
		}
	}
	if err := s.a.line.enter(ctx, s.lane()); err != nil {
		return nil, false, err
	}
	defer s.a.line.leave()
	patience := s.a.config.AnswerWithin
	if s.urgent && q.function != fnUpdate { // what came of a change has to be known
		patience = min(patience, quickAnswer)
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, sent, err := s.exchange(limited, q)
	if err != nil {
		s.close()
		if ctx.Err() == nil && limited.Err() != nil && sent {
			err = errNoAnswer
		}
		return nil, sent, err
	}
	s.begun = true
	b, err = understood(got, q)
	return b, true, err
}

func (s *session) lane() lane {
	switch {
	case !s.urgent:
		return laneOthers
	case s.begun:
		return laneBegun
	}
	return laneUrgent
}

// exchange sends one request and reads its answer.
func (s *session) exchange(ctx context.Context, q question) (a answer, sent bool, err error) {
	uid := s.a.requests.next()
	if err := s.send(ctx, q, uid); err != nil {
		return answer{}, !errors.Is(err, errNotSent), err
	}
	defer unblock(ctx, s.conn)()
	for range strangers {
		a, err := readAnswer(s.r)
		switch {
		case err != nil:
			return answer{}, true, err
		case a.RequestUID == uid, a.RequestUID == "" && a.Body != nil && a.Body.ErrorMessage != nil:
			return a, true, nil
		case a.RequestUID == "":
			return answer{}, true, errNotTold
		}
	}
	return answer{}, true, errNotTold
}

// send writes a request, after connecting if need be. A connection that could not
// even be made gives errNotSent.
func (s *session) send(ctx context.Context, q question, uid string) error {
	message, err := encode(q, uid, s.a.config.APIKey, s.device)
	if err != nil {
		return errNotSent
	}
	if s.conn == nil {
		conn, err := s.a.dial(ctx)
		if err != nil {
			return fmt.Errorf("%w: %w", errNotSent, err)
		}
		s.conn, s.r = conn, bufio.NewReader(conn)
	}
	defer unblock(ctx, s.conn)()
	s.a.line.sent()
	if _, err := s.conn.Write(message); err != nil {
		return errLost
	}
	return nil
}

// dial reaches the socket. Why it cannot is said in our own words.
func (a *Adapter) dial(ctx context.Context) (net.Conn, error) {
	if a.config.Address == throughAgent {
		return a.env.Dial(ctx)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.config.Address)
	if err != nil {
		return nil, errNoSocket
	}
	return conn, nil
}

// past is a deadline that ends every wait on a connection at once.
var past = time.Unix(1, 0)

// unblock ends reading and writing on a connection when ctx ends. The function it
// gives takes that back.
func unblock(ctx context.Context, conn net.Conn) func() {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	return func() { stop() }
}

// understood gives the body of an answer to a question, or why it is none.
func understood(a answer, q question) (*body, error) {
	switch {
	case a.Body == nil:
		return nil, errForeign
	case a.Body.ErrorMessage != nil && trim(a.Body.PermanentError) == "true":
		return nil, errRefused
	case a.Body.ErrorMessage != nil:
		return nil, errBusy
	case trim(a.Function) != q.function:
		return nil, errNotTold
	}
	return a.Body, nil
}
