// Package twilio hands reminders to Twilio Programmable Messaging, says what
// became of each hand-over, and reads the calls that Twilio makes to us.
//
// Twilio has no idempotency key: a text that was perhaps taken must never be
// sent again by a machine. All that this package decides is therefore how sure
// one can be. It keeps no state, retries nothing, and does not limit its own
// rate; that is the sender's work.
package twilio

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// The paths that Twilio calls, below the public address.
const (
	InboundPath = "/twilio/inbound"
	StatusPath  = "/twilio/status"
)

const (
	// idleConnections is the most that are kept open, far above what is ever in
	// flight: with fewer, every send above that number pays for a new connection.
	idleConnections = 256
	maxValidity     = 36000 // seconds, Twilio's own limit
)

// Provider is Twilio. It is safe for concurrent use.
type Provider struct {
	account   string
	base      string // where requests go, no slash at the end
	public    string // our own public address, no slash at the end
	timeout   time.Duration
	clock     gateway.Clock
	heard     func(gateway.Reading) // told of Twilio's time in every answer; may be nil
	trial     bool
	transport *http.Transport
	sendHead  http.Header // with the API key where there is one
	tokenHead http.Header // with the account's own token
	validator client.RequestValidator
}

// New makes a Provider. publicURL is the address under which Twilio reaches us,
// exactly as it is configured there. The configuration must have passed Check.
func New(c Config, publicURL string, env gateway.Surroundings) (*Provider, error) {
	if faults := c.Check(env.Trial); len(faults) > 0 {
		return nil, fmt.Errorf("twilio: %w", faults[0])
	}
	if err := outbound.CheckURL(publicURL, env.Trial); err != nil {
		return nil, fmt.Errorf("twilio: public_url %w", err)
	}
	if env.Clock == nil {
		return nil, errors.New("twilio: no clock")
	}
	c = c.WithDefaults()
	user, secret := c.AccountSID, c.AuthToken
	if c.APIKeySID != "" {
		user, secret = c.APIKeySID, c.APIKeySecret
	}
	return &Provider{
		account:   c.AccountSID,
		base:      c.base(),
		public:    trimSlash(publicURL),
		timeout:   c.Timeout,
		clock:     env.Clock,
		heard:     env.Heard,
		trial:     env.Trial,
		transport: outbound.Transport(outbound.Options{Local: env.Trial, Idle: idleConnections}),
		sendHead:  header(user, secret),
		tokenHead: header(c.AccountSID, c.AuthToken),
		validator: client.NewRequestValidator(c.AuthToken.Reveal()),
	}, nil
}

// header makes the headers of every request under one pair of credentials.
func header(user string, secret gateway.Secret) http.Header {
	return http.Header{
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret.Reveal()))},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Accept":        {"application/json"},
		"User-Agent":    {"bellman"},
	}
}

// Format prints nothing of what is inside: the headers and the validator hold
// the account's secrets.
func (*Provider) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "twilio") }

// Name is the provider's name in the configuration and in metrics.
func (*Provider) Name() string { return "twilio" }

// Close drops idle connections, for an orderly stop. What is being sent goes on.
func (p *Provider) Close() { p.transport.CloseIdleConnections() }

// Send hands one text to Twilio and gives its message id. The error is always a
// *gateway.SendError: TryLater when nothing can have left or Twilio says that it
// did nothing, Uncertain whenever the text may have been taken. It ends with the
// context's deadline; where there is none, after the configured timeout.
func (p *Provider) Send(ctx context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	e := &exchange{ctx: ctx, via: p, head: p.sendHead, limit: maxAnswer, brief: true}
	if ctx.Err() != nil {
		return gateway.Handover{}, e.failure()
	}
	taken, err := e.api().CreateMessage(p.params(m))
	if err != nil || taken.Sid == nil || !validMessageSID(*taken.Sid) {
		return gateway.Handover{}, e.failure()
	}
	return gateway.Handover{MessageID: *taken.Sid, Segments: segments(taken.NumSegments)}, nil
}

// params puts a text into Twilio's words.
func (p *Provider) params(m gateway.Outgoing) *openapi.CreateMessageParams {
	q := (&openapi.CreateMessageParams{}).
		SetTo(m.To.Reveal()).
		SetBody(m.Text.Reveal()).
		SetStatusCallback(p.callback(m.Reminder)).
		SetValidityPeriod(validity(m.Validity))
	if validSID(m.From, "MG") {
		return q.SetMessagingServiceSid(m.From)
	}
	return q.SetFrom(m.From)
}

// callback is where receipts go. It carries our own id, so that a receipt
// resolves even a hand-over whose answer was lost.
func (p *Provider) callback(id gateway.ReminderID) string {
	if id == (gateway.ReminderID{}) {
		return p.public + StatusPath
	}
	return p.public + StatusPath + "?r=" + id.String()
}

// validity gives the whole seconds for which Twilio may try. What is no longer
// useful is given the least that Twilio takes.
func validity(d time.Duration) int { return min(max(int(d/time.Second), 1), maxValidity) }

// segments reads what is paid for; 0 when Twilio does not know yet.
func segments(s *string) int {
	if s == nil {
		return 0
	}
	n, err := strconv.Atoi(*s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// failure says how sure one can be that the text did not go.
func (e *exchange) failure() *gateway.SendError {
	f := &gateway.SendError{Code: e.code, Status: e.status, RetryAfter: e.retryAfter}
	class, reason := Classify(e.code)
	switch {
	case !e.connected: // refused, no such host, no handshake, or stopped before it began
		f.Class, f.Reason = gateway.TryLater, gateway.NetworkTransient
	case e.status == http.StatusTooManyRequests: // never processed, says Twilio
		f.Class, f.Reason = gateway.TryLater, gateway.NetworkTransient
	case e.status/100 != 4: // no answer, 5xx, 3xx, or a success without an id
		f.Class, f.Reason = gateway.Uncertain, gateway.UnknownOutcome
	case class == gateway.Uncertain && (e.status == http.StatusUnauthorized || e.status == http.StatusForbidden):
		f.Class, f.Reason = gateway.Account, gateway.ProviderAccount
	default:
		f.Class, f.Reason = class, reason
	}
	return f
}
