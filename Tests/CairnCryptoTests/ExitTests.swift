import CairnCrypto
import Foundation
import Testing

/// Threads that have used libcrypto end while the process does.
@Suite struct ExitTests {
  @Test(arguments: 0..<40) func threadsMayEndWhileTheProcessExits(round: Int) async {
    await #expect(processExitsWith: .success) {
      for _ in 0..<24 {
        Thread.detachNewThread {
          _ = try? SecretBytes(random: 32)
          _ = SHA256.hash(of: [1, 2, 3].span.bytes)
          usleep(.random(in: 0..<600))
        }
      }
      usleep(.random(in: 0..<900))
      exit(EXIT_SUCCESS)
    }
  }
}
