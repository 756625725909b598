import Testing

@testable import CairnCore

@Suite struct OrderedJobsTests {
  @Test(arguments: [1, 2, 7])
  func resultsComeInTheOrderOfSubmission(depth: Int) async {
    let pool = ThreadPool(limit: 4)
    let results = await ThreadPool.engines.run {
      var jobs = OrderedJobs<Int>(on: pool, depth: depth)
      var results: [Int] = []
      for number in 0..<1000 {
        if jobs.isFull { results.append(jobs.next()!) }
        if number % 10 == 3 {
          jobs.enqueue(number)
        } else {
          // Some take longer than those behind them.
          jobs.submit { (0..<(number % 5) * 100).reduce(0, ^) & 0 + number }
        }
        precondition(jobs.count <= depth)
      }
      while let result = jobs.next() { results.append(result) }
      return results
    }
    #expect(results == Array(0..<1000))
  }

  @Test func nothingIsUnderWayBeyondTheDepth() async {
    let pool = ThreadPool(limit: 8)
    let started = Monitor(0)
    await ThreadPool.engines.run {
      var jobs = OrderedJobs<Int>(on: pool, depth: 3)
      for taken in 0..<50 {
        while !jobs.isFull {
          jobs.submit {
            started.change {
              $0 += 1; return $0
            }
          }
        }
        #expect(started.withLock { $0 } <= taken + 3)
        _ = jobs.next()
      }
      while jobs.next() != nil {}
    }
    #expect(started.withLock { $0 } == 52)
  }

  @Test func thereIsNoNextWithoutJobs() async {
    let next = await ThreadPool.engines.run {
      var jobs = OrderedJobs<Int>(on: ThreadPool(limit: 1), depth: 1)
      return jobs.next()
    }
    #expect(next == nil)
  }
}
