import Foundation
import Testing

/// How much to fuzz. The same inputs come each time, unless the environment says otherwise:
/// `CAIRN_FUZZ_INPUTS` is how many each test tries, `CAIRN_FUZZ_SEED` the seed of the first.
enum Fuzzing {
  private static let environment = ProcessInfo.processInfo.environment
  private static let wantedInputs = environment["CAIRN_FUZZ_INPUTS"].flatMap { Int($0) }

  /// Whether more than a few seconds were asked for.
  static var isThorough: Bool { wantedInputs != nil }

  static let firstSeed = environment["CAIRN_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1

  /// Runs `body` with as many mutators as there are inputs to try, each with a seed of its own, and
  /// stops at the first that records a failure.
  static func run(inputs: Int, _ body: (inout Mutator, _ seed: UInt64) throws -> Bool) rethrows {
    let count = wantedInputs ?? inputs
    for i in 0..<count {
      let seed = firstSeed &+ UInt64(i)
      var mutator = Mutator(seed: seed)
      guard try body(&mutator, seed) else {
        Issue.record("seed \(seed): CAIRN_FUZZ_SEED=\(seed) CAIRN_FUZZ_INPUTS=1 repeats it")
        return
      }
    }
  }
}
