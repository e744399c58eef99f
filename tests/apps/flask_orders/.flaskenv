FLASK_APP=orders.web:create_app
