package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"bellman/gateway"
)

const (
	pageSize = 1000 // Twilio's largest
	maxPages = 1000
)

// List reads Twilio's own list of messages that were created since a moment:
// those to the given numbers, or all of them, inbound and outbound, when none is
// given. The newest come first for each number. It gives all of
// them or an error, since callers conclude from an absence that a text never
// arrived there. Twilio's times are whole seconds of its own clock; give since
// some room.
//
// Twilio offers to filter by the date of sending only, which is empty while a
// text waits, so that is not used. A number to look for stands in the query of
// the request to Twilio, which has no other way to ask; nothing here writes it
// anywhere else.
func (p *Provider) List(ctx context.Context, since time.Time, to ...gateway.Phone) ([]gateway.Listed, error) {
	var found []gateway.Listed
	questions := []*openapi.ListMessageParams{{}}
	if len(to) > 0 {
		questions = nil
		for _, phone := range to {
			questions = append(questions, (&openapi.ListMessageParams{}).SetTo(phone.Reveal()))
		}
	}
	for _, q := range questions {
		var err error
		if found, err = p.walk(ctx, q.SetPageSize(pageSize), since.Truncate(time.Second), found, nil); err != nil {
			return nil, fmt.Errorf("list of messages: %w", err)
		}
	}
	return found, nil
}

// Inbound reads what patients wrote to one of our senders since a moment, newest
// first, and counts the entries that cannot be read: nothing is concluded from an
// absence here, and one such entry must not keep a STOP from being heard. From is
// zero where it is not a telephone number.
func (p *Provider) Inbound(ctx context.Context, since time.Time, sender string) (found []gateway.Listed, unreadable int, err error) {
	found, err = p.ofSender(ctx, since, (&openapi.ListMessageParams{}).SetTo(sender), func() { unreadable++ })
	for i := range found {
		found[i].From = p.sender(found[i].From.Reveal())
	}
	return found, unreadable, err
}

// Outbound reads what was sent from one of our senders since a moment, newest
// first: all of it or an error.
func (p *Provider) Outbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, error) {
	return p.ofSender(ctx, since, (&openapi.ListMessageParams{}).SetFrom(sender), nil)
}

func (p *Provider) ofSender(ctx context.Context, since time.Time, q *openapi.ListMessageParams, skip func()) ([]gateway.Listed, error) {
	found, err := p.walk(ctx, q.SetPageSize(pageSize), since.Truncate(time.Second), nil, skip)
	if err != nil {
		return nil, fmt.Errorf("list of messages: %w", err)
	}
	return found, nil
}

// walk adds the pages of one question, until the list ends or a whole page is
// older than since. skip is told of an entry that cannot be read; without it, that
// is an error.
func (p *Provider) walk(ctx context.Context, q *openapi.ListMessageParams, since time.Time, found []gateway.Listed, skip func()) ([]gateway.Listed, error) {
	token, number := "", ""
	for range maxPages {
		page, err := p.page(ctx, q, token, number)
		if err != nil {
			return nil, err
		}
		recent, read := false, false
		for i := range page.Messages {
			m, err := listed(&page.Messages[i])
			switch {
			case err != nil && skip == nil:
				return nil, fmt.Errorf("entry %d: %w", i, err)
			case err != nil:
				skip()
				continue
			case !m.Created.Before(since):
				found, recent = append(found, m), true
			}
			read = true
		}
		// A page of which nothing could be read says nothing of the next.
		if page.NextPageUri == nil || *page.NextPageUri == "" || !recent && (read || len(page.Messages) == 0) {
			return found, nil
		}
		if token, number, err = nextPage(*page.NextPageUri); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("it does not end")
}

func (p *Provider) page(ctx context.Context, q *openapi.ListMessageParams, token, number string) (*openapi.ListMessageResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	e := &exchange{ctx: ctx, via: p, head: p.sendHead, limit: maxPage}
	page, err := e.api().PageMessage(q, token, number)
	if err != nil {
		return nil, e.trouble("twilio.api_key_secret")
	}
	if page.Messages == nil {
		return nil, errors.New("the answer holds no list")
	}
	return page, nil
}

// nextPage takes from Twilio's pointer to the next page what the library wants.
// Only these two values are used: an answer cannot send us to another address.
func nextPage(uri string) (token, number string, err error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", "", errors.New("the pointer to the next page is not understood")
	}
	token, number = u.Query().Get("PageToken"), u.Query().Get("Page")
	if token == "" && number == "" {
		return "", "", errors.New("the pointer to the next page is not understood")
	}
	return token, number, nil
}

// listed reads one entry. What cannot be read is an error and not left out:
// leaving it out would say that it is not there.
func listed(m *openapi.ApiV2010Message) (gateway.Listed, error) {
	if !validMessageSID(value(m.Sid)) {
		return gateway.Listed{}, errors.New("has no message id")
	}
	created, err := time.Parse(time.RFC1123Z, value(m.DateCreated))
	if err != nil {
		return gateway.Listed{}, errors.New("has no date of creation")
	}
	l := gateway.Listed{
		MessageID: *m.Sid,
		From:      gateway.NewPhone(value(m.From)),
		To:        gateway.NewPhone(value(m.To)),
		Text:      gateway.NewText(value(m.Body)),
		Created:   created.UTC(),
		State:     gateway.Unknown,
		Inbound:   value(m.Direction) == "inbound",
		Answer:    value(m.Direction) == "outbound-reply",
	}
	if m.ErrorCode != nil {
		l.Code = *m.ErrorCode
	}
	l.Class, _ = Classify(l.Code)
	l.Everywhere = slices.Contains(wholeAccount, l.Code)
	if s, ok := fate(value(m.Status), l.Code); ok {
		l.State = s
	}
	return l, nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
