import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

/// What is found without a key.
@Suite struct VerifyNamesTests {
  @Test func aSoundRepositoryIsSound() async throws {
    let sample = try await SampleRepository.shared.value
    let report = try await Repository.verifyNames(on: sample.target)
    #expect(report.isSound)
    #expect(report.roots == 1 && report.indexBlobs == 1)
    #expect(report.packs == 2 && report.checkedPacks == 2)
    let structure = try await Repository.verifyNames(on: sample.target, VerifyOptions(.structure))
    #expect(structure.isSound && structure.packs == 2 && structure.checkedPacks == 0)
  }

  /// Whichever bit of whichever blob changes, and wherever one is cut off.
  @Test func everyChangeIsFound() async throws {
    let sample = try await SampleRepository.shared.value
    for blob in sample.blobs {
      let bytes = try await sample.target.get(blob.name)
      var changes = stride(from: 0, to: bytes.count * 8, by: 211).map { Damage.flip($0, of: bytes) }
      changes += [0, 1, bytes.count / 2, bytes.count - 1].map { Array(bytes[..<$0]) }
      for (number, changed) in changes.enumerated() {
        let target = ChangedTarget(base: sample.target, changed: blob.name, bytes: changed)
        guard blob.name != .descriptor else {
          let error = try await storeError {
            _ = try await Repository.verifyNames(on: target)
          }
          #expect([.damaged, .newerFormat].contains(error.code), "\(number)")
          continue
        }
        let report = try await Repository.verifyNames(on: target)
        #expect(
          report.problems.map(\.blob) == [blob.name.description], "\(number) of \(blob.name)")
      }
    }
  }

  @Test func aPlaceWithoutARepositoryIsSaidToBeThat() async throws {
    let error = try await storeError { _ = try await Repository.verifyNames(on: MemoryTarget()) }
    #expect(error.code == .noRepository)
  }
}
