package twilio

import (
	"context"
	"fmt"
	"net/http"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"bellman/gateway"
)

// Message reads one message of Twilio's own list by its id, and reports false when
// Twilio does not have it (any more). An id that is none of Twilio's is not asked
// for.
func (p *Provider) Message(ctx context.Context, id string) (gateway.Listed, bool, error) {
	if !validMessageSID(id) {
		return gateway.Listed{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	e := &exchange{ctx: ctx, via: p, head: p.sendHead, limit: maxAnswer}
	m, err := e.api().FetchMessage(id, &openapi.FetchMessageParams{})
	switch {
	case err != nil && e.status == http.StatusNotFound:
		return gateway.Listed{}, false, nil
	case err != nil:
		return gateway.Listed{}, false, fmt.Errorf("one message: %w", e.trouble("twilio.api_key_secret"))
	}
	l, err := listed(m)
	if err != nil {
		return gateway.Listed{}, false, fmt.Errorf("one message: %w", err)
	}
	return l, true, nil
}
