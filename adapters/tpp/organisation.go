package tpp

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrOrganisation means that the SystmOne on that PC shows another practice's diary
// than ours: staff who work for several log on to each on the same PC.
var ErrOrganisation = errors.New("the SystmOne that answers is logged on to another organisation: none of its sites has the ID of this practice (organisation, or the practice's ODS code)")

// organisation checks whose diary would be read.
func (s *session) organisation(ctx context.Context) error {
	b, err := s.ask(ctx, question{function: fnOrganisation})
	if err != nil {
		return fmt.Errorf("ask which organisation SystmOne is logged on to: %w", err)
	}
	for _, site := range b.Sites {
		if strings.EqualFold(trim(site.ID), s.a.config.Organisation) {
			return nil
		}
	}
	return ErrOrganisation
}
