package storetest

import (
	"context"
	"testing"

	"bellman/gateway/store/embedded"
)

func TestRealRedis(t *testing.T) { Run(t, func(t testing.TB) string { return Redis(t) }) }

func TestAClusterOfThree(t *testing.T) { Run(t, Cluster) }

func TestTheEmbeddedServer(t *testing.T) {
	Run(t, func(t testing.TB) string {
		s, err := embedded.Start(t.Context(), folder(t), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return s.URL()
	})
}

func TestRedisInTheProcess(t *testing.T) { Run(t, Mini) }
