import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.server.cdshooks.CdsServiceRequestJson;
import ca.uhn.hapi.fhir.cdshooks.api.CDSHooksVersion;
import ca.uhn.hapi.fhir.cdshooks.api.CdsService;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsServiceRegistry;
import ca.uhn.hapi.fhir.cdshooks.api.json.CdsServiceIndicatorEnum;
import ca.uhn.hapi.fhir.cdshooks.api.json.CdsServiceResponseCardJson;
import ca.uhn.hapi.fhir.cdshooks.api.json.CdsServiceResponseCardSourceJson;
import ca.uhn.hapi.fhir.cdshooks.api.json.CdsServiceResponseJson;
import ca.uhn.hapi.fhir.cdshooks.config.CdsHooksConfig;
import ca.uhn.hapi.fhir.cdshooks.svc.CdsHooksContextBooter;
import ca.uhn.hapi.fhir.cdshooks.svc.CdsServiceRegistryImpl;
import ca.uhn.hapi.fhir.cdshooks.svc.prefetch.CdsPrefetchSvc;
import ca.uhn.hapi.fhir.cdshooks.svc.prefetch.CdsPrefetchDaoSvc;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** HAPI FHIR's CDS Hooks with one service that answers a constant card. Argument: a port. */
public class HapiCdsHooks extends HttpServlet {

    private final transient ObjectMapper mapper;
    private final transient ICdsServiceRegistry services;

    /** As its own configuration makes them, but for prefetch: the client sends all of it. */
    HapiCdsHooks() {
        FhirContext fhir = FhirContext.forR4();
        var config = new CdsHooksConfig();
        mapper = config.objectMapper(fhir);
        var booter = new CdsHooksContextBooter();
        booter.setDefinitionsClass(Services.class);
        booter.start();
        var prefetch = new CdsPrefetchSvc(null, new CdsPrefetchDaoSvc(null, null, fhir), null, null, null);
        var registry = (CdsServiceRegistryImpl)
                config.cdsServiceRegistry(booter, prefetch, mapper, fhir, CDSHooksVersion.DEFAULT);
        registry.init();
        services = registry;
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String service = request.getPathInfo().substring(1);
        Map<?, ?> body = mapper.readValue(request.getInputStream(), Map.class);
        response.setContentType("application/json");
        mapper.writeValue(response.getOutputStream(), services.callService(service, body));
    }

    public static void main(String[] arguments) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getProperty("java.io.tmpdir"));
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(Integer.parseInt(arguments[0]));
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "hooks", new HapiCdsHooks());
        context.addServletMappingDecoded("/cds-services/*", "hooks");
        tomcat.start();
        tomcat.getServer().await();
    }

    @Configuration
    public static class Services {
        @Bean
        List<Object> cdsServices() {
            return List.of(new Constant());
        }
    }

    public static class Constant {
        @CdsService(
                value = "aa-trial-titration",
                hook = "patient-view",
                title = "Constant",
                description = "A constant card",
                prefetch = {})
        public CdsServiceResponseJson card(CdsServiceRequestJson request) {
            var source = new CdsServiceResponseCardSourceJson();
            source.setLabel("HAPI FHIR");
            var card = new CdsServiceResponseCardJson();
            card.setSummary("A constant card");
            card.setIndicator(CdsServiceIndicatorEnum.INFO);
            card.setSource(source);
            var answer = new CdsServiceResponseJson();
            answer.addCard(card);
            return answer;
        }
    }
}
