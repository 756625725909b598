import Foundation
import Testing

@testable import CairnParity

/// Prints how fast things are, if `CAIRN_PARITY_SPEED` is set; to be run in release.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["CAIRN_PARITY_SPEED"] != nil))
struct SpeedTests {
  private static let size = 16 << 20

  private func measure(_ what: String, _ bytes: Int, _ body: () throws -> Void) rethrows {
    var best = Duration.seconds(1000)
    for _ in 0..<9 { best = min(best, try ContinuousClock().measure(body)) }
    let seconds = best / .seconds(1)
    print("\(what): \(Int(Double(bytes) / seconds / 1e6)) MB/s, \(Int(seconds * 1e6)) µs")
  }

  @Test func speedOfOnePack() throws {
    var random = SeededRandom(1)
    let blob = random.bytes(Self.size)
    for (name, options) in [
      ("64 + 2", ParityOptions.standard), ("64 + 4", ParityOptions(parityShards: 4)!),
      ("32 + 4", ParityOptions(dataShards: 32, parityShards: 4)!),
    ] {
      let layout = try #require(ParityLayout(of: Int64(Self.size), options))
      let sidecar = Sidecar(layout, of: blob)
      print("\(name): sidecar of \(sidecar.bytes.count) bytes")
      measure("\(name): make a sidecar", Self.size) { _ = Sidecar(layout, of: blob) }
      measure("\(name): check a blob", Self.size) { #expect(sidecar.damage(in: blob).isEmpty) }
      var damaged = blob
      for offset in 5_000_000..<5_480_000 { damaged[offset] = 0 }
      let shards = sidecar.damage(in: damaged)
      measure("\(name): mend 480 KB", Self.size) {
        #expect(Mending(damaged, shards, by: sidecar)?.lost == [])
      }
    }
  }
}
