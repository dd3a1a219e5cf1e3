package twilio

import (
	"context"
	"errors"
	"net/http"
	"time"

	"bellman/gateway"
)

// errNoDate means that Twilio's time could not be learnt.
var errNoDate = errors.New("no date in an answer from Twilio")

// lookAtTheClock reads the time that every answer carries, whatever else it says.
// One that a cache kept tells an old time and is left out.
func (e *exchange) lookAtTheClock(asked time.Time, h http.Header) {
	at, err := time.Parse(http.TimeFormat, h.Get("Date"))
	if err != nil || h.Get("Age") != "" {
		return
	}
	e.reading = gateway.Reading{Asked: asked, Answered: e.via.clock.Now(), Theirs: at, Grain: time.Second}
	e.dated = true
	if e.via.heard != nil {
		e.via.heard(e.reading)
	}
}

// AskTime looks at Twilio's clock once. It asks for the account, and any answer
// will do: a refusal tells the time as well.
func (p *Provider) AskTime(ctx context.Context) (gateway.Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	e := &exchange{ctx: ctx, via: p, head: p.tokenHead, limit: maxAnswer}
	_, _ = e.api().FetchAccount(p.account) // what it says of the account is looked at elsewhere
	if !e.dated {
		return gateway.Reading{}, errNoDate
	}
	return e.reading, nil
}
