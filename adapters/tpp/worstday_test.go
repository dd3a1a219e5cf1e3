package tpp_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) { worstday.Run(t, subjects()[0]) }
