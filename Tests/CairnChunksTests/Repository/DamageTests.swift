import Foundation
import Testing

@testable import CairnChunks

/// Every damage to a blob is detected, or everything reads as before; and `verify` finds it in any
/// case.
///
/// All damages are tried with `CAIRN_LONG_TESTS=1` in the environment, some of them otherwise.
@Suite struct DamageTests {
  private static let isLong = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1"

  private static let folders = ["cairn", "keys/", "access/", "index/", "packs/", "roots/"]

  /// A number that has no common divisor with 8, so that every bit of a byte has its turn.
  private static let step = isLong ? 1 : 83

  private enum Outcome: Equatable {
    case error(ChunkStoreError.Code)
    case same
    case different
  }

  private func read(_ target: any Target, _ sample: SampleRepository) async throws -> Outcome {
    do {
      let found = try await SampleRepository.readEverything(on: target)
      return found == sample.everything ? .same : .different
    } catch let error as ChunkStoreError {
      return .error(error.code)
    }
  }

  /// Whether the repository cannot be opened, or has problems.
  private func isFound(_ target: any Target) async throws -> Bool {
    guard let repository = try? await Repository.open(on: target) else { return true }
    return try await !repository.verify(VerifyOptions(.data, workerCount: 1)).isSound
  }

  private func blobs(_ sample: SampleRepository, in folder: String) -> [BlobInfo] {
    sample.blobs.filter { $0.name.description.hasPrefix(folder) }
  }

  @Test func theSampleHasBlobsOfEachKind() async throws {
    let sample = try await SampleRepository.shared.value
    #expect(Self.folders.map { blobs(sample, in: $0).count } == [1, 1, 1, 1, 2, 1])
    #expect(sample.everything.count == 1 + 3 + 30)
    #expect(try await read(sample.target, sample) == .same)
    #expect(try await !isFound(sample.target))
  }

  @Test(arguments: folders)
  func everyFlippedBitIsDetectedOrHarmless(folder: String) async throws {
    let sample = try await SampleRepository.shared.value
    for blob in blobs(sample, in: folder) {
      let bytes = try await sample.target.get(blob.name)
      for bit in stride(from: 0, to: bytes.count * 8, by: Self.step) {
        let target = ChangedTarget(
          base: sample.target, changed: blob.name, bytes: Damage.flip(bit, of: bytes))
        let outcome = try await read(target, sample)
        // A pack's table and header are not read while an index blob repeats them.
        let isHarmless = outcome == .same && folder == BlobFolder.packs
        #expect(
          isHarmless || outcome == .error(.damaged), "bit \(bit) of \(blob.name): \(outcome)")
        #expect(try await isFound(target), "bit \(bit) of \(blob.name)")
      }
    }
  }

  @Test(arguments: folders)
  func everyTruncationIsDetectedOrHarmless(folder: String) async throws {
    let sample = try await SampleRepository.shared.value
    for blob in blobs(sample, in: folder) {
      let bytes = try await sample.target.get(blob.name)
      var lengths = Array(stride(from: 0, to: bytes.count, by: Self.isLong ? 1 : 41))
      lengths += [1, 2, bytes.count - 1, bytes.count - 2]
      for length in lengths {
        let target = ChangedTarget(
          base: sample.target, changed: blob.name, bytes: Array(bytes[..<length]))
        let outcome = try await read(target, sample)
        let isHarmless = outcome == .same && folder == BlobFolder.packs
        #expect(
          isHarmless || outcome == .error(.damaged),
          "\(length) bytes of \(blob.name): \(outcome)")
        #expect(try await isFound(target), "\(length) bytes of \(blob.name)")
      }
    }
  }

  @Test(arguments: folders)
  func whatTakesABlobsPlaceIsDetected(folder: String) async throws {
    let sample = try await SampleRepository.shared.value
    for blob in blobs(sample, in: folder) {
      var others = [0, 1, 100, 5000].map { SeededRandom.bytes($0, seed: 132) }
      for other in sample.blobs where other.name != blob.name {
        others.append(try await sample.target.get(other.name))
      }
      for (number, bytes) in others.enumerated() {
        let target = ChangedTarget(base: sample.target, changed: blob.name, bytes: bytes)
        let outcome = try await read(target, sample)
        #expect(outcome == .error(.damaged), "\(number) as \(blob.name): \(outcome)")
      }
    }
  }

  @Test func aBlobThatIsGoneIsNamed() async throws {
    let sample = try await SampleRepository.shared.value
    for blob in sample.blobs {
      let target = ChangedTarget(base: sample.target, changed: blob.name, bytes: nil)
      let folder = blob.name.description.prefix { $0 != "/" }
      if folder == "roots" {
        // Nothing refers to a root: it is not there.
        #expect(try await SampleRepository.readEverything(on: target).isEmpty)
        continue
      }
      if folder == "sessions" {
        // A session that nothing is known of is no reason to pass over its roots.
        let everything = try await SampleRepository.readEverything(on: target)
        #expect(everything == sample.everything)
        continue
      }
      let error = try await storeError {
        _ = try await SampleRepository.readEverything(on: target)
      }
      switch folder {
      case "cairn":
        #expect(error.code == .noRepository)
      case "keys":
        #expect(error.code == .noAccess)
        #expect("\(error)".contains("keys/"))
      case "access":
        #expect(error.code == .missing && "\(error)".contains("access/"))
      case "index":
        // The packs would tell what it said: a session reads them, a reader says what is missing.
        #expect(error.code == .missing)
      default:
        #expect(error.code == .missing && error.blob == blob.name)
        let report = try await Repository.open(on: target).verify()
        #expect(report.problems.contains { $0.blob == blob.name.description })
      }
    }
  }

  /// A failure that passes is no damage: it ends a verification, which can be done again.
  @Test func whatCannotBeReadForNowEndsAVerification() async throws {
    let sample = try await SampleRepository.shared.value
    for blob in sample.blobs {
      for code in [ChunkStoreError.Code.temporary, .cancelled] {
        let target = UnreadableTarget(base: sample.target, blob: blob.name, code: code)
        let error = try await storeError {
          _ = try await Repository.open(on: target).verify(VerifyOptions(.data))
        }
        #expect(error.code == code, "\(blob.name)")
      }
    }
  }

  /// One that does not, as that of a bad sector, is found among the others.
  @Test func aPackThatCannotBeReadIsReported() async throws {
    let sample = try await SampleRepository.shared.value
    let pack = try #require(blobs(sample, in: "packs").last)
    let target = UnreadableTarget(base: sample.target, blob: pack.name, code: .targetFailed)
    let report = try await Repository.verifyNames(on: target)
    #expect(report.problems.map(\.blob) == [pack.name.description])
    #expect(report.checkedPacks == 2)
  }
}
