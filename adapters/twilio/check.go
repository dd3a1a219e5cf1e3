package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// Check asks Twilio whether it knows the account and accepts the credentials,
// for `bellman check`. It texts nobody. The error is a sentence for the person
// who set it up.
//
// The account is asked for with its own token, because a standard API key may
// not look at accounts (twilio.com/docs/iam/api-keys); the credentials that send
// are tried on the list of messages.
func (p *Provider) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	e := &exchange{ctx: ctx, via: p, head: p.tokenHead, limit: maxAnswer}
	account, err := e.api().FetchAccount(p.account)
	if err != nil {
		return e.trouble("twilio.auth_token")
	}
	if account.Status == nil || *account.Status != "active" {
		return errors.New("the Twilio account is not active: it is suspended or closed, see the Twilio console")
	}
	e = &exchange{ctx: ctx, via: p, head: p.sendHead, limit: maxPage}
	if _, err := e.api().PageMessage((&openapi.ListMessageParams{}).SetPageSize(1), "", ""); err != nil {
		return e.trouble("twilio.api_key_secret")
	}
	return nil
}

// trouble puts a failed exchange into a sentence. setting is what to look at
// when the credentials are refused.
func (e *exchange) trouble(setting string) error {
	switch {
	case errors.Is(e.ctx.Err(), context.Canceled):
		return fmt.Errorf("asking Twilio: %w", context.Canceled)
	case e.status == 0:
		return errors.New("twilio cannot be reached, or did not answer in time")
	case e.status == http.StatusUnauthorized || e.status == http.StatusForbidden:
		return fmt.Errorf("twilio refuses the credentials (code %d): compare twilio.account_sid, %s and twilio.region with the console; each region has its own", e.code, setting)
	case e.status == http.StatusNotFound:
		return errors.New("twilio does not know the account: compare twilio.account_sid and twilio.region with the console")
	case e.status == http.StatusOK:
		return errors.New("twilio's answer is not understood")
	}
	return fmt.Errorf("twilio answered with status %d (code %d)", e.status, e.code)
}
