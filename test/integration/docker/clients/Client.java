import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import javax.net.ssl.HttpsURLConnection;

/** Asks for a URL in one of Java's two ways, without a word about proxies or certificates. */
public final class Client {
  public static void main(String[] arguments) throws Exception {
    int status;
    String body;
    if (arguments[0].equals("HttpClient")) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[1])).build();
      HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      status = response.statusCode();
      body = response.body();
    } else {
      HttpsURLConnection connection = (HttpsURLConnection) URI.create(arguments[1]).toURL().openConnection();
      status = connection.getResponseCode();
      InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream();
      body = new String(stream.readAllBytes());
    }
    System.out.println(status + " " + body);
    if (status >= 400) throw new IOException("status " + status);
  }
}
