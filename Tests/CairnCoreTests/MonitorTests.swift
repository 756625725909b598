import Testing

@testable import CairnCore

@Suite struct MonitorTests {
  @Test func changesFromManyThreadsAreAllCounted() async {
    let counter = Monitor(0)
    let pool = ThreadPool(limit: 4)
    for _ in 0..<1000 { pool.submit { counter.change { $0 += 1 } } }
    await ThreadPool.engines.run { counter.wait { $0 == 1000 ? .some(()) : nil } }
    #expect(counter.withLock { $0 } == 1000)
  }

  @Test func whoWaitsIsWokenByEachChange() async {
    let value = Monitor((current: 0, wakes: 0))
    let pool = ThreadPool(limit: 1)
    async let seen = ThreadPool.engines.run {
      value.wait {
        $0.current >= 3 ? $0.current : nil
      } onWake: {
        $0.wakes += 1
      }
    }
    for _ in 0..<3 { pool.submit { value.change { $0.current += 1 } } }
    #expect(await seen == 3)
    // A change before the wait begins wakes nobody.
    #expect(value.withLock { $0.wakes } <= 3)
  }
}
